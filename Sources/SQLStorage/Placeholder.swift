package enum SQLStoragePlaceholder {}
