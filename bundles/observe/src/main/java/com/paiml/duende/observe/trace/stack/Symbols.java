package com.paiml.duende.observe.trace.stack;

import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Function, file and line of addresses, by binutils' {@code addr2line}, which reads symbols and DWARF of every version. Where
 * it is not installed, frames keep the file and the offset.
 */
final class Symbols {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Optional<Path> tool;
  private final Map<String, String> known = new HashMap<>();

  Symbols() {
    this.tool = find();
  }

  private static Optional<Path> find() {
    String path = System.getenv().getOrDefault("PATH", "/usr/bin");
    for (String folder : path.split(":")) {
      Path candidate = Path.of(folder, "addr2line");
      if (!folder.isEmpty() && Files.isExecutable(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  boolean isInstalled() {
    return tool.isPresent();
  }

  /**
   * Words for addresses in one file, as its own numbering has them.
   *
   * @param name how the file is called in frames
   */
  Map<Long, String> of(Path file, String name, Collection<Long> addresses) {
    Map<Long, String> words = new HashMap<>();
    List<Long> asked = new ArrayList<>();
    for (long address : addresses) {
      String before = known.get(file + "+" + address);
      if (before != null) {
        words.put(address, before);
      } else {
        asked.add(address);
      }
    }
    if (!asked.isEmpty()) {
      Map<Long, String> found = tool.map(t -> ask(t, file, name, asked)).orElse(Map.of());
      for (long address : asked) {
        String word = found.getOrDefault(address, name + "+0x" + Long.toHexString(address));
        known.put(file + "+" + address, word);
        words.put(address, word);
      }
    }
    return words;
  }

  private static Map<Long, String> ask(Path tool, Path file, String name, List<Long> addresses) {
    List<String> command =
        new ArrayList<>(List.of(tool.toString(), "-f", "-C", "-e", file.toString()));
    addresses.forEach(a -> command.add("0x" + Long.toHexString(a)));
    Deadline deadline = Deadline.after(PATIENCE);
    try {
      Path out = Files.createTempFile("duende-addr2line", ".txt");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!process.waitFor(deadline.remaining().toMillis(), TimeUnit.MILLISECONDS)) {
          Process _ = process.destroyForcibly();
          return Map.of();
        }
        return pair(addresses, Files.readAllLines(out, StandardCharsets.UTF_8), name);
      } finally {
        boolean _ = Files.deleteIfExists(out);
      }
    } catch (IOException unreadable) {
      return Map.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Map.of();
    }
  }

  /** Two lines for each: function, then file:line; ?? where it is not known. */
  static Map<Long, String> pair(List<Long> addresses, List<String> lines, String name) {
    Map<Long, String> words = new HashMap<>();
    for (int i = 0; i < addresses.size() && 2 * i + 1 < lines.size(); i++) {
      String function = lines.get(2 * i).strip();
      String place = lines.get(2 * i + 1).replaceAll(" \\(discriminator \\d+\\)", "").strip();
      if (!function.equals("??")) {
        words.put(
            addresses.get(i),
            function + " (" + (place.startsWith("??") ? name : shortened(place)) + ")");
      }
    }
    return words;
  }

  /** File names with at most their last folder. */
  private static String shortened(String place) {
    int last = place.lastIndexOf('/');
    int before = last < 0 ? -1 : place.lastIndexOf('/', last - 1);
    return place.substring(before + 1).replace(":?", "");
  }
}
