int CHandlerSpawn_placeholder(void);
