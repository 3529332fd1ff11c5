#include "CHandlerSpawn.h"
int CHandlerSpawn_placeholder(void){return 0;}
