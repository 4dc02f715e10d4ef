# The old dovecot.conf was moved over and started; now nothing answers. Where does the instance run?
reeve import dovecot "$DOVECOT" >"$IMPORTED"
reeve status || test $? -eq 69
# the answer is on the screen
