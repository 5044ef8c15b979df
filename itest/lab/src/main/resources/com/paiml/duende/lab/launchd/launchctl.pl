# The recorded launchctl: launchctl.pl SOCKET WORDS...  See launchd.py.
use strict;
use Socket;
my $path = shift @ARGV;
socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
connect($s, pack_sockaddr_un($path)) or die "launchd does not answer: $!\n";
my $words = join("\0", @ARGV);
while (length $words) {
  my $n = syswrite($s, $words);
  defined $n or die "write: $!\n";
  substr($words, 0, $n, "");
}
shutdown($s, 1);
my $status = <$s>;
defined $status or die "launchd gave no answer\n";
my $text = do { local $/; <$s> } // "";
print { $status == 0 ? *STDOUT : *STDERR } $text;
exit $status;
