package com.paiml.duende.adapter.pepita.snapshot;

import com.paiml.duende.adapter.pepita.monitor.SavedState;
import com.paiml.duende.adapter.pepita.monitor.Words;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The snapshots of one daemon: a folder for each in its state folder, so that they are gone with the daemon. One is there
 * whole or not at all: it is made under a name with a dot and renamed.
 */
public final class Snapshots {
  static final String MEMORY = "memory";
  static final String SECRET = "secret";
  static final String WORDS = "snapshot.json";

  /** Beside a snapshot that is being made. */
  static final String UNFINISHED = ".new";

  private static final long VERSION = 1;

  private static final Pattern LABEL = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");

  private final String daemon;
  private final Path folder;

  private Snapshots(String daemon, Path folder) {
    this.daemon = daemon;
    this.folder = folder;
  }

  /** Those of that daemon, of which that is the state folder. */
  public static Snapshots of(String daemon, Path stateDirectory) {
    return new Snapshots(daemon, stateDirectory.resolve("snapshots"));
  }

  Path folder() {
    return folder;
  }

  String daemon() {
    return daemon;
  }

  /** Their labels, in order. */
  public List<String> labels() throws DaemonException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(f -> f.getFileName().toString())
          .filter(n -> !n.startsWith("."))
          .sorted()
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  private DaemonException unreadable(Path what, Exception e) {
    return new DaemonException(
        ErrorCode.IO, daemon, what + " cannot be read: " + e.getMessage(), "see its rights", e);
  }

  Path place(String label) throws DaemonException {
    if (!LABEL.matcher(label).matches()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          daemon,
          "\"" + label + "\" is no label of a snapshot",
          "say up to 64 of a to z, 0 to 9, dot, dash and underscore, such as before-update");
    }
    return folder.resolve(label);
  }

  private Path existing(String label) throws DaemonException {
    Path place = place(label);
    if (!Files.isDirectory(place)) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          daemon,
          "has no snapshot \"" + label + "\"",
          "\"pepita snapshots " + daemon + "\" shows those that there are");
    }
    return place;
  }

  /** The one of that label; what is in its files is not looked at. */
  public Snapshot get(String label) throws DaemonException {
    Path place = existing(label);
    try {
      return read(label, place);
    } catch (IOException | DateTimeException e) {
      throw damaged(label, String.valueOf(e.getMessage()));
    }
  }

  private DaemonException damaged(String label, String how) {
    return new DaemonException(
        ErrorCode.INVALID_STATE,
        daemon,
        "its snapshot \"" + label + "\" is damaged: " + how,
        "remove it: \"pepita snapshots --rm " + label + " " + daemon + "\"");
  }

  private static Snapshot read(String label, Path place) throws IOException {
    Map<String, Object> words = Words.read(Files.readString(place.resolve(WORDS)));
    if (!Long.valueOf(VERSION).equals(words.get("version"))) {
      throw new IOException("it is of another version, " + words.get("version"));
    }
    Map<String, SavedState> disks = new LinkedHashMap<>();
    for (Map.Entry<?, ?> disk : map(words, "disks").entrySet()) {
      if (disk.getValue() instanceof Map<?, ?> said) {
        SavedState _ = disks.put(String.valueOf(disk.getKey()), state(said));
      }
    }
    Map<String, String> machine = new LinkedHashMap<>();
    for (Map.Entry<?, ?> one : map(words, "machine").entrySet()) {
      String _ = machine.put(String.valueOf(one.getKey()), String.valueOf(one.getValue()));
    }
    if (!(words.get("taken") instanceof String taken)
        || !(words.get("position") instanceof Long position)) {
      throw new IOException(WORDS + " does not say when it was taken");
    }
    return new Snapshot(
        label,
        place,
        Instant.parse(taken),
        position,
        state(map(words, "state")),
        state(map(words, "secret")),
        disks,
        machine);
  }

  private static Map<?, ?> map(Map<String, Object> words, String key) throws IOException {
    if (words.get(key) instanceof Map<?, ?> map) {
      return map;
    }
    throw new IOException(WORDS + " does not say " + key);
  }

  private static SavedState state(Map<?, ?> words) throws IOException {
    if (words.get("bytes") instanceof Long bytes && words.get("sha256") instanceof String sha256) {
      return new SavedState(bytes, sha256);
    }
    throw new IOException(WORDS + " does not say its digest");
  }

  static String write(Snapshot snapshot) throws IOException {
    Map<String, Object> disks = new LinkedHashMap<>();
    snapshot.disks().forEach((name, state) -> disks.put(name, write(state)));
    Map<String, Object> words = new LinkedHashMap<>();
    words.put("version", VERSION);
    words.put("taken", snapshot.taken().toString());
    words.put("position", snapshot.position());
    words.put("state", write(snapshot.state()));
    words.put("secret", write(snapshot.secretState()));
    words.put("disks", disks);
    words.put("machine", snapshot.machine());
    return Words.write(words) + "\n";
  }

  private static Map<String, Object> write(SavedState state) {
    Map<String, Object> words = new LinkedHashMap<>();
    words.put("bytes", state.bytes());
    words.put("sha256", state.sha256());
    return words;
  }

  /** Reads all of it. @throws DaemonException when it is not, to the byte, what was written */
  public void verify(Snapshot snapshot) throws DaemonException {
    verify(snapshot.label(), snapshot.secret(), snapshot.secretState());
    verify(snapshot.label(), snapshot.memory(), snapshot.state());
    for (Map.Entry<String, SavedState> disk : snapshot.disks().entrySet()) {
      verify(snapshot.label(), snapshot.disk(disk.getKey()), disk.getValue());
    }
  }

  private void verify(String label, Path file, SavedState expected) throws DaemonException {
    try {
      if (!Files.exists(file) || Files.size(file) != expected.bytes()) {
        throw damaged(label, file.getFileName() + " has not the size that it had");
      }
      if (!Copy.digest(file).equals(expected.sha256())) {
        throw damaged(label, file.getFileName() + " is not what was written");
      }
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Begins a new one.
   *
   * @param estimate bytes that it will take at most
   */
  public Draft begin(String label, long estimate) throws DaemonException {
    Path place = place(label);
    if (Files.exists(place)) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          daemon,
          "has a snapshot \"" + label + "\" already",
          "say --as OTHER, or remove it: \"pepita snapshots --rm " + label + " " + daemon + "\"");
    }
    try {
      Path _ = Files.createDirectories(folder);
      Path _ = Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      removeUnfinished();
      long room = Files.getFileStore(folder).getUsableSpace();
      if (room < estimate) {
        throw new DaemonException(
            ErrorCode.RESOURCE_LIMIT,
            daemon,
            "a snapshot takes up to "
                + mebibytes(estimate)
                + " and there are "
                + mebibytes(room)
                + " left where "
                + folder
                + " is",
            "make room");
      }
      Path fresh = folder.resolve("." + label + UNFINISHED);
      Path _ =
          Files.createDirectory(
              fresh,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      return new Draft(this, label, fresh);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          daemon,
          folder + " cannot be written: " + e.getMessage(),
          "see its rights",
          e);
    }
  }

  private static String mebibytes(long bytes) {
    return (bytes >> 20) + " MiB";
  }

  /** Of containers that were killed meanwhile. */
  private void removeUnfinished() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      for (Path one : all.filter(f -> f.getFileName().toString().startsWith(".")).toList()) {
        delete(one);
      }
    }
  }

  /** Removes one, whole or damaged. */
  public void remove(String label) throws DaemonException {
    Path place = existing(label);
    Path aside = folder.resolve("." + label + ".old");
    try {
      delete(aside);
      Path _ = Files.move(place, aside);
      delete(aside);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          daemon,
          place + " cannot be removed: " + e.getMessage(),
          "see its rights",
          e);
    }
  }

  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        boolean _ = Files.deleteIfExists(file);
      }
    }
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
