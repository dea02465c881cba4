# The benchmark's table and the ratios that matter. Input: what turns.c prints, and lines
# "ID instructions COUNT". labels: a file of "ID<tab>LABEL<tab>RECORDS", in the table's order, where a row without a label is
# not printed; threads: the numbers that were measured; goal: the number of records that the goals
# speak of.

{ median[$1, $2] = $3 }

function have(id, column) { return (id, column) in median }

function short(ns) { return ns < 99999.5 ? sprintf("%.0f", ns) : sprintf("%.0fk", ns / 1000) }

# Three digits, since a ratio is near to 1 or far from it.
function digits(x) { return x < 9.995 ? sprintf("%.2f", x) : x < 99.95 ? sprintf("%.1f", x) : sprintf("%.0f", x) }

function ratio(a, b, count) {
	return have(a, count) && have(b, count) ? digits(median[a, count] / median[b, count]) : "-"
}

function added(id, count) { return have(id, count) ? sprintf("%+.0f", median[id, count]) : "-" }

function line(label, records, id,    text, i) {
	text = sprintf("%-26s %7s", label, records)
	for (i = 1; i <= columns; i++)
		text = text sprintf(" %7s %6s", have(id, count[i]) ? short(median[id, count[i]]) : "-", ratio(id, "numeric", count[i]))
	return text (have(id, "instructions") ? sprintf(" %8d", median[id, "instructions"]) : "")
}

# a, b: the rows whose ratio it is; without b what is added in row a.
function state(what, a, b, aim,    text, i) {
	text = sprintf("%-42s", what)
	for (i = 1; i <= columns; i++)
		text = text sprintf(" %7s", b == "" ? added(a, count[i]) : ratio(a, b, count[i]))
	print text "   " aim
}

END {
	columns = split(threads, count, " ")
	text = sprintf("%-34s", "threads:")
	for (i = 1; i <= columns; i++)
		text = text sprintf(" %7s%s", count[i], i < columns ? "       " : "")
	print text
	text = sprintf("%-26s %7s", "who answers", "records")
	for (i = 1; i <= columns; i++)
		text = text sprintf(" %7s %6s", "ns", "ratio")
	print text sprintf(" %8s", "instr")
	while ((getline row <labels) > 0) {
		split(row, field, "\t")
		if (field[2] != "")
			print line(field[2], field[3], field[1])
	}
	managed = "managed-" goal
	text = sprintf("\n%-42s", "with " goal " records, threads:")
	for (i = 1; i <= columns; i++)
		text = text sprintf(" %7s", count[i])
	print text "   goal"
	state("managed name / numeric literal", managed, "numeric", "at most 0.75")
	state("/etc/hosts / managed name", "hosts-" goal, managed, "at least 30")
	state("added to an unmanaged name, ns", "other-added", "", "at most 50")
	state("added to a numeric literal, ns", "numeric-added", "", "at most 50")
}
