package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.itest.launcher.Installation.Answer;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines of the threat model that are about the container as it is installed. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ThreatsIT {
  private static final String SECRET = "not-for-everybody-5f1e";

  // proc_net_tcp: the state of a socket that listens, net/tcp_states.h.
  private static final String LISTENS = "0A";
  // The kernel prints addresses as words of the machine's own byte order.
  private static final Pattern LOOPBACK =
      Pattern.compile(
          "[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F|7F[0-9A-F]{6}|0{31}1");

  @TempDir Path folder;
  private Installation duende;

  @BeforeEach
  void install() {
    duende = Installation.of(folder);
  }

  @AfterEach
  void end() throws Exception {
    if (duende.container().isPresent()) {
      Answer _ = duende.call("down");
    }
    duende.close();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private String ok(String... words) throws Exception {
    Answer answer = duende.call(words);
    assertEquals(0, answer.status(), () -> String.join(" ", words) + ": " + answer.text());
    return answer.text();
  }

  @Test
  void with_everything_on_that_listens_nobody_beyond_this_machine_is_listened_to()
      throws Exception {
    assumeTrue(Files.isReadable(Path.of("/proc/net/tcp")), "sockets are listed by Linux only");
    int port = freePort();
    Path etc = Files.createDirectories(folder.resolve("etc"));
    Files.writeString(etc.resolve("container.properties"), "duende.metrics.port = " + port + "\n");
    String _ = ok("up");
    long pid = duende.container().orElseThrow().pid();
    String own = String.format(":%04X", port);
    Installation.await(
        () -> listening(pid).stream().anyMatch(a -> a.endsWith(own)),
        () -> "the port of the metrics is not open: " + listening(pid) + "\n" + duende.log());
    List<String> open =
        listening(pid).stream()
            .filter(a -> !LOOPBACK.matcher(a.substring(0, a.indexOf(':'))).matches())
            .toList();
    assertEquals(List.of(), open);
  }

  /** Local addresses, as the kernel prints them, of the process's sockets that listen. */
  private static List<String> listening(long pid) throws IOException {
    Set<String> sockets = new TreeSet<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          Matcher socket =
              Pattern.compile("socket:\\[(\\d+)]")
                  .matcher(Files.readSymbolicLink(descriptor).toString());
          if (socket.matches()) {
            sockets.add(socket.group(1));
          }
        } catch (NoSuchFileException closed) {
          // It does not listen any more.
        }
      }
    }
    List<String> found = new ArrayList<>();
    for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
      Path file = Path.of("/proc/" + pid + "/net/" + table);
      if (!Files.exists(file)) {
        continue;
      }
      for (String line : Files.readAllLines(file)) {
        String[] words = line.strip().split("\\s+");
        boolean udp = table.startsWith("udp");
        if (words.length > 9 && sockets.contains(words[9]) && (udp || words[3].equals(LISTENS))) {
          found.add(words[1]);
        }
      }
    }
    return found;
  }

  @Test
  void what_stands_in_an_environment_is_told_by_no_command_and_stands_in_no_log() throws Exception {
    String _ = ok("up");
    Path file =
        Files.writeString(
            folder.resolve("keeper.toml"),
            "name = \"keeper\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\nenv = [\"TOKEN="
                + SECRET
                + "\"]\n");
    String _ = ok("deploy", file.toString());
    String _ = ok("restart", "keeper");
    String _ = ok("signal", "keeper", "KILL");
    for (List<String> words :
        List.of(
            List.of("ps", "-a"),
            List.of("ps", "--json"),
            List.of("status", "keeper"),
            List.of("status", "--json", "keeper"),
            List.of("metrics"),
            List.of("logs", "keeper"),
            List.of("doctor"))) {
      Answer said = duende.call(words.toArray(String[]::new));
      assertFalse(said.text().contains(SECRET), () -> words + ": " + said.text());
    }
    // Refused as a whole, with its lines: not with what is in them.
    Files.writeString(file, "name = \"other\"\nenv = [\"TOKEN=" + SECRET + "\", \"=\"]\n");
    Answer refused = duende.call("deploy", file.toString());
    assertEquals(1, refused.status(), refused.text());
    assertFalse(refused.text().contains(SECRET), refused.text());
    int read = 0;
    try (Stream<Path> logs = Files.walk(duende.data().resolve("log"))) {
      for (Path log : logs.filter(Files::isRegularFile).toList()) {
        read++;
        assertFalse(Files.readString(log).contains(SECRET), log.toString());
      }
    }
    assertTrue(read > 0, "there is no log");
    String own =
        Files.readString(Path.of("/proc/" + duende.container().orElseThrow().pid() + "/cmdline"));
    assertFalse(own.contains(SECRET), own);
  }
}
