# Three at night: logins are slow. Who waits, why are there no more processes, and what would help?
reeve status
reeve why web
reeve simulate --trace storm -c "$CONFIG" --service web --set process_limit=40
# the answer is on the screen
