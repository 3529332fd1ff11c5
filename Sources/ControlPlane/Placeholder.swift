package enum ControlPlanePlaceholder {}
