package enum TopicsPlaceholder {}
