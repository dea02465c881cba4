# The benchmark's table and the ratios that matter. Input: what turns.c prints. labels: a file of
# "ID<tab>LABEL<tab>RECORDS", in the table's order, where a row without a label is not printed;
# goal: the number of records that the goals speak of.

{
	median[$1, $2] = $3
	least[$1, $2] = $4
	most[$1, $2] = $5
}

function have(id, threads) { return (id, threads) in median }

function short(ns) { return ns < 99999.5 ? sprintf("%.0f", ns) : sprintf("%.0fk", ns / 1000) }

function cell(id, threads,    ratio) {
	if (!have(id, threads))
		return sprintf("%32s", "not measured")
	ratio = "-"
	if (have("numeric", threads))
		ratio = sprintf("%.1f", median[id, threads] / median["numeric", threads])
	return sprintf("%9.0f %14s %7s", median[id, threads], short(least[id, threads]) "-" short(most[id, threads]), ratio)
}

function ratio(a, b, threads) {
	if (!have(a, threads) || !have(b, threads))
		return "not measured"
	return sprintf("%.1f x", median[a, threads] / median[b, threads])
}

function added(id, threads) {
	if (!have(id, threads))
		return "not measured"
	return sprintf("%+.0f ns", median[id, threads])
}

function state(what, one, eight, aim) { printf "%-44s %14s %14s   %s\n", what, one, eight, aim }

END {
	printf "%-30s %7s  %9s %14s %7s  %9s\n", "", "", "1 thread", "", "", "8 threads"
	printf "%-30s %7s  %9s %14s %7s  %9s %14s %7s\n", "who answers", "records", "ns", "min-max", "ratio", "ns", "min-max", "ratio"
	while ((getline line <labels) > 0) {
		split(line, field, "\t")
		if (field[2] != "")
			printf "%-30s %7s %s %s\n", field[2], field[3], cell(field[1], 1), cell(field[1], 8)
	}
	managed = "managed-" goal
	hosts = "hosts-" goal
	printf "\n"
	state("with " goal " records", "1 thread", "8 threads", "goal")
	state("managed name / numeric literal", ratio(managed, "numeric", 1), ratio(managed, "numeric", 8), "at most 2 x")
	state("/etc/hosts / managed name", ratio(hosts, managed, 1), ratio(hosts, managed, 8), "at least 30 x")
	state("the shim adds to an unmanaged name", added("other-added", 1), added("other-added", 8), "at most 100 ns")
	state("the shim adds to a numeric literal", added("numeric-added", 1), added("numeric-added", 8), "at most 100 ns")
}
