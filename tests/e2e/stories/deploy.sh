# A new version of the worker stands in the config: what will happen, and did anybody notice?
reeve plan
reeve reload
reeve ps web
# the answer is on the screen
