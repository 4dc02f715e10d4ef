# tap.awk: one line for a suite that spoke TAP: `PASSED FAILED SKIPPED NAME`. Exit 1: something failed.
# A suite that says nothing, stops before its plan is done, or leaves with a code counts as a failure, too.
/^1\.\./ { planned += substr($0, 4) }
/^ok .*# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
/^ok / { passed++ }
/^not ok / { failed++ }
END {
	said = passed + failed + skipped
	if (planned != said || said == 0 || (code != 0 && failed == 0))
		failed++
	printf "%6d passed %4d failed %4d skipped %4d s  %s%s\n", passed, failed, skipped, seconds, name,
		failed ? " (exit " code ")" : ""
	exit failed > 0
}
