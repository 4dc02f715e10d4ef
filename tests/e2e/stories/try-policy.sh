# A new policy stands in $NEW: what would it do in a storm, what would it have done last night, and then live, and back.
reeve simulate --trace storm -c "$NEW" --service web
reeve replay --last 12h -c "$NEW" || true # 1: a vote would have been another one
# the answer is on the screen
cp "$CONFIG" "$CONFIG.before"
sed 's/policy = \(.*\), -- new/policy = shadow(\1), -- new/' "$NEW" >"$CONFIG"
reeve reload
reeve why web
cp "$NEW" "$CONFIG"
reeve reload
reeve why web
cp "$CONFIG.before" "$CONFIG"
reeve reload
