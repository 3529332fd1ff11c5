package enum EventsPlaceholder {}
