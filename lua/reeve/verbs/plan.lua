--- reeve plan: what a reload would change, without doing it. Prints a line a service, or every error.

return require "reeve.reloading".verb("plan", true, function(text) return text .. "\n" end)
