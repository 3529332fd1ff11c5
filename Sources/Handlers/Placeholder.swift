package enum HandlersPlaceholder {}
