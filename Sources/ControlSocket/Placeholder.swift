package enum ControlSocketPlaceholder {}
