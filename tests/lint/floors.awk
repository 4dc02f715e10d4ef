# floors.awk: who may include whom (docs/HOUSE.md). Usage: awk -f floors.awk src/*/*.[ch]
# worker stands alone: it is compiled into other people's programs, and includes its own headers only.
BEGIN {
	may["base"] = "base"
	may["wire"] = "base wire"
	may["spec"] = "base spec"
	may["pool"] = "base pool"
	may["sim"] = "base pool sim"
	may["master"] = "base wire spec pool master"
	may["engine"] = "base wire spec pool sim engine"
	may["log"] = "base wire spec log"
	may["cli"] = "base wire spec cli"
	may["worker"] = "worker"
	may["tls"] = "worker tls"
}
FNR == 1 {
	n = split(FILENAME, at, "/")
	for (i = 1; i < n && at[i] != "src"; i++)
		;
	room = at[i + 1]
	if (!(room in may)) {
		print FILENAME ": the room '" room "' is not in tests/lint/floors.awk"
		bad = 1
	}
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	if (quoted[2] !~ /\//) { # a neighbour in the same directory
		if (room == "worker")
			next
		print FILENAME ":" FNR ": write \"" room "/" quoted[2] "\""
		bad = 1
		next
	}
	split(quoted[2], to, "/")
	if (index(" " may[room] " ", " " to[1] " ") == 0) {
		print FILENAME ":" FNR ": " room " may not include " to[1] "; it may include: " may[room]
		bad = 1
	}
}
END { exit bad }
