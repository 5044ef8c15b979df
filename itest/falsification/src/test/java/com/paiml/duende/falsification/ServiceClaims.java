package com.paiml.duende.falsification;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of the scripts that make Duende a service of a machine. */
@Falsification
class ServiceClaims {
  @TempDir Path folder;

  private record Ended(int status, String output) {}

  private Path script(String name) {
    return Scene.distribution().resolve("service").resolve(name);
  }

  private Ended run(String... words) throws Exception {
    Path out = Files.createTempFile(folder, "run", ".out");
    Process process =
        new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IOException(String.join(" ", words) + " does not end: " + Files.readString(out));
    }
    return new Ended(process.exitValue(), Files.readString(out));
  }

  private Ended install(Path root) throws Exception {
    Ended ended = run(script("install.sh").toString(), "--root", root.toString());
    if (ended.status() != 0) {
      throw new IOException("install.sh: " + ended.output());
    }
    return ended;
  }

  /** Path to what is there: kind, mode, and content; with when it was written where asked. */
  private static Map<String, String> tree(Path root, boolean times) throws Exception {
    Map<String, String> tree = new TreeMap<>();
    List<Path> all;
    try (Stream<Path> files = Files.walk(root)) {
      all = files.toList();
    }
    for (Path file : all) {
      String mode =
          PosixFilePermissions.toString(
              Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS));
      String what;
      if (Files.isSymbolicLink(file)) {
        what = "-> " + Files.readSymbolicLink(file);
      } else if (Files.isDirectory(file)) {
        what = "folder " + mode;
      } else {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        what = mode + " " + HexFormat.of().formatHex(digest);
      }
      if (times && !Files.isDirectory(file)) {
        what +=
            " "
                + Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS)
                + " inode "
                + Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS);
      }
      tree.put(root.relativize(file).toString(), what);
    }
    return tree;
  }

  @Test
  void f076_to_install_twice_changes_nothing_the_second_time(Attempt attempt) throws Exception {
    Path root = Files.createDirectory(folder.resolve("root"));
    Ended first = install(root);
    Map<String, String> before = tree(root, true);
    Ended second = install(root);
    Map<String, String> after = tree(root, true);
    // What somebody configured is theirs, and what somebody broke is mended: else "nothing" could
    // be all it does.
    Path configured = root.resolve("etc/duende/container.properties");
    Files.writeString(configured, "duende.log.level = debug\n");
    Path broken = root.resolve("opt/duende/bin/duende");
    Files.writeString(broken, "broken");
    Ended third = install(root);
    boolean mends =
        Files.size(broken) > 1000
            && Files.readString(configured).equals("duende.log.level = debug\n")
            && third.output().contains("(1 changes)");
    attempt.behaviour(
        !first.output().contains("nothing to change")
            && second.output().contains("nothing to change")
            && before.equals(after)
            && mends,
        before.size()
            + " files and folders; the second run changed "
            + before.entrySet().stream()
                .filter(e -> !e.getValue().equals(after.get(e.getKey())))
                .count()
            + " of them; a broken file was mended and a changed configuration kept: "
            + mends);
  }

  @Test
  void f077_two_generations_are_identical(Attempt attempt) throws Exception {
    Path one = Files.createDirectory(folder.resolve("one"));
    Path other = Files.createDirectory(folder.resolve("another-name-of-another-length"));
    install(one);
    install(other);
    Map<String, String> first = tree(one, false);
    Map<String, String> second = tree(other, false);
    boolean scripts =
        Files.readString(one.resolve("opt/duende/service/install.sh"), StandardCharsets.UTF_8)
            .equals(Files.readString(script("install.sh"), StandardCharsets.UTF_8));
    // From what was installed, once more: the third generation.
    Path third = Files.createDirectory(folder.resolve("third"));
    Files.createDirectories(one.resolve("opt/duende/etc"));
    Files.copy(
        one.resolve("etc/duende/container.properties"),
        one.resolve("opt/duende/etc/container.properties"));
    Ended again =
        run(one.resolve("opt/duende/service/install.sh").toString(), "--root", third.toString());
    attempt.behaviour(
        first.equals(second) && scripts && again.status() == 0 && tree(third, false).equals(second),
        first.size() + " files and folders equal in three installations: content, modes and links");
  }

  @Test
  void f078_shellcheck_finds_nothing(Attempt attempt) throws Exception {
    Path shellcheck = Path.of("/usr/bin/shellcheck");
    if (!Files.isExecutable(shellcheck)) {
      throw attempt.notRunHere("shellcheck is not here (Debian: apt-get install shellcheck)");
    }
    List<String> words =
        new ArrayList<>(List.of(shellcheck.toString(), "--severity=style", "--norc"));
    words.add(script("install.sh").toString());
    words.add(script("uninstall.sh").toString());
    Ended found = run(words.toArray(String[]::new));
    // That it would find something: the same script with an unquoted variable.
    Path worse = folder.resolve("worse.sh");
    Files.writeString(
        worse,
        Files.readString(script("install.sh")).replace("mkdir -p \"$root$1\"", "mkdir -p $root$1"));
    Ended control = run(shellcheck.toString(), "--severity=style", "--norc", worse.toString());
    attempt.behaviour(
        found.status() == 0 && found.output().isBlank() && control.status() == 1,
        found.status() == 0
            ? "no finding in install.sh and uninstall.sh; one in a copy with an unquoted variable"
            : found.output());
  }
}
