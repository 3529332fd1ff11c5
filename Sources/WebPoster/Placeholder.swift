package enum WebPosterPlaceholder {}
