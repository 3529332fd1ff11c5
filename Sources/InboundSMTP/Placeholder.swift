package enum InboundSMTPPlaceholder {}
