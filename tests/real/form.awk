# SPDX-License-Identifier: GPL-2.0-or-later
#
# Puts a form of the patch (forms/*.c-fragment) into a stock kfd_crat.c:
#
#	awk -v expect=OUT.expect -f form.awk FORM STOCK > OUT.c
#
# A fragment is `//:` lines (what it is, where from), `//! NAME VALUE` lines (see forms/README), and hunks:
# `//@ after TEXT` or `//@ replace TEXT` names a line of the stock file by its text without outer blanks (the first
# such line counts), and the lines up to the next `//@` go after it or in its place. Other versions of the file
# thus need no other fragment, and a text that is not there is an error, never a silently stock file.
#
# OUT.expect gets one line per hunk, in the order of the fragment, known from the insertion alone:
#	hunk FIRST LAST CODE_FIRST CODE_LAST	(lines of OUT.c, 1-based; CODE_*: without outer blank lines and comments, 0 0 if none)

function trim(s) {
	gsub(/^[ \t]+|[ \t\r]+$/, "", s)
	return s
}

# Is anything left of line S when comments are taken away? Keeps `in_comment` from line to line.
function has_code(s,    out, i, two) {
	out = ""
	for (i = 1; i <= length(s); i++) {
		two = substr(s, i, 2)
		if (in_comment) {
			if (two == "*/") {
				in_comment = 0
				i++
			}
		} else if (two == "/*") {
			in_comment = 1
			i++
		} else if (two == "//") {
			break
		} else {
			out = out substr(s, i, 1)
		}
	}
	return trim(out) != ""
}

function emit(s) {
	print s (crlf ? "\r" : "")
	line++
}

function insert(h,    i, first, last) {
	hunk_first[h] = line + 1
	first = last = in_comment = 0
	for (i = 1; i <= count[h]; i++) {
		emit(text[h, i])
		if (has_code(text[h, i])) {
			if (!first)
				first = line
			last = line
		}
	}
	hunk_last[h] = line
	code_first[h] = first
	code_last[h] = last
}

FNR == NR && /^\/\/@ / {
	hunks++
	how[hunks] = $2
	anchor[hunks] = trim(substr($0, length("//@ " $2) + 2))
	next
}
FNR == NR && /^\/\/! lines crlf/ { crlf = 1 }
FNR == NR {
	if (hunks)
		text[hunks, ++count[hunks]] = $0
	next
}

{
	here = 0
	for (h = 1; h <= hunks; h++)
		if (!(h in hunk_first) && trim($0) == anchor[h])
			here = h
	if (!here || how[here] == "after")
		emit($0)
	if (here)
		insert(here)
}

END {
	for (h = 1; h <= hunks; h++) {
		if (!(h in hunk_first)) {
			print "form.awk: no line `" anchor[h] "'" > "/dev/stderr"
			exit 1
		}
		if (expect)
			print "hunk", hunk_first[h], hunk_last[h], code_first[h], code_last[h] > expect
	}
}
