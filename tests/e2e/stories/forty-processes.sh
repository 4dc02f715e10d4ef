# Why are there so many processes?
reeve why web
# the answer is on the screen
