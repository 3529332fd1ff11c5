int CFileSystem_placeholder(void);
