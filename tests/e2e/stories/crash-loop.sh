# One service does not come up: why, since when, and what did it log?
reeve status broken
reeve events --since 10min 'ev.service == "broken" and ev.kind == "exit"'
reeve why broken --since 10min
# the answer is on the screen
