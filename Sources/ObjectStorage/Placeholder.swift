package enum ObjectStoragePlaceholder {}
