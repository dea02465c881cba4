# A long-lived program that keeps its connection: ask.pl NAME; see ask.mjs.
use strict;
use warnings;
use HTTP::Tiny;
$| = 1;
my $http = HTTP::Tiny->new;
while (<STDIN>) {
    my $answer = $http->get("http://$ARGV[0]:8080/");
    my $text = $answer->{success} ? $answer->{content} : "error: $answer->{status}";
    $text =~ s/\s+$//;
    print "$text\n";
}
