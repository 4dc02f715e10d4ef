# One service does not come up: why, since when, and what did it log?
reeve status
reeve status broken
# the answer is on the screen
