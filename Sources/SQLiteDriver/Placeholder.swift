package enum SQLiteDriverPlaceholder {}
