package com.paiml.duende.adapter.wos.engine;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Compiled modules in a folder, so that a new JVM need not compile them again. A file's name is the SHA-256 of its module
 * and the version of what compiled it; it begins with the SHA-256 of what follows, is written under another name and then
 * renamed, and what does not have its sum is thrown away and compiled anew. The folder is its owner's alone, for its files
 * are code that this JVM runs: where others may write to it, it is not used. Nothing that goes wrong here fails a start.
 *
 * <p>Safe for threads, and for several containers with one folder.
 */
public final class CodeStore {

  private static final System.Logger LOG = System.getLogger(CodeStore.class.getName());
  private static final int MAGIC = 0x44574f53;
  private static final int FORMAT = 1;
  private static final int SUM = 32;
  private static final String SUFFIX = "-" + ModuleLoader.RUNTIME + "-" + FORMAT + ".code";
  private static final String UNFINISHED = ".new";
  private static final Duration GIVEN_UP = Duration.ofMinutes(10);
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rwx------");

  private final Path folder;
  private final long capacity;

  /**
   * @param folder made when the first module is kept
   * @param capacity of all files together, in bytes
   */
  public CodeStore(Path folder, long capacity) {
    this.folder = folder.toAbsolutePath();
    this.capacity = capacity;
  }

  Path file(String digest) {
    return folder.resolve(digest + SUFFIX);
  }

  /** {@return the code of a module, if it is kept and whole} */
  Optional<CompiledCode> get(String digest) {
    Path file = file(digest);
    try {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || !isOurs()) {
        return Optional.empty();
      }
      CompiledCode code = read(digest, file);
      // The age of a file is the time since it was last of use.
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
      return Optional.of(code);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (EOFException e) {
      forget(digest, "it is cut off");
      return Optional.empty();
    } catch (IOException e) {
      forget(digest, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  /** The sum says also whose code it is. */
  private static byte[] sum(String digest, byte[] rest) {
    return ModuleLoader.sha256(digest.getBytes(StandardCharsets.US_ASCII), rest);
  }

  private CompiledCode read(String digest, Path file) throws IOException {
    try (DataInputStream in =
        new DataInputStream(Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS))) {
      if (Files.size(file) > capacity) {
        throw new IOException("it has " + Files.size(file) + " bytes");
      }
      if (in.readInt() != MAGIC || in.readInt() != FORMAT) {
        throw new IOException("it does not begin as one");
      }
      byte[] sum = in.readNBytes(SUM);
      byte[] rest = in.readAllBytes();
      if (!MessageDigest.isEqual(sum, sum(digest, rest))) {
        throw new IOException("its sum is wrong");
      }
      return CompiledCode.decoded(rest);
    }
  }

  /** What is kept of a module is of no use. */
  void forget(String digest, String why) {
    LOG.log(
        System.Logger.Level.WARNING,
        "the compiled module "
            + file(digest)
            + " is thrown away ("
            + why
            + "), and will be compiled again");
    delete(file(digest));
  }

  void put(String digest, CompiledCode code) {
    byte[] rest = code.encoded();
    if (rest.length > capacity / 2) {
      return;
    }
    try {
      Files.createDirectories(folder.getParent());
      if (Files.notExists(folder, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectory(folder, ownersOnly("rwx------"));
      }
      if (!isOurs()) {
        return;
      }
      Path unfinished = Files.createTempFile(folder, digest, UNFINISHED, ownersOnly("rw-------"));
      try {
        try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(unfinished))) {
          out.writeInt(MAGIC);
          out.writeInt(FORMAT);
          out.write(sum(digest, rest));
          out.write(rest);
        }
        Files.move(unfinished, file(digest), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        delete(unfinished);
      }
      makeRoom(file(digest));
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "a compiled module cannot be kept in " + folder + ": " + e.getMessage());
    }
  }

  private FileAttribute<?>[] ownersOnly(String permissions) {
    return folder.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  /** Whether nobody else can have put something here. */
  private boolean isOurs() throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      LOG.log(
          System.Logger.Level.WARNING,
          folder + " is not a folder: no compiled modules are kept until it is taken away");
      return false;
    }
    if (!folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return true;
    }
    if (OWNER.containsAll(Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS))) {
      return true;
    }
    LOG.log(
        System.Logger.Level.WARNING,
        folder + " is open to others: no compiled modules are kept there until its mode is 0700");
    return false;
  }

  private synchronized void makeRoom(Path latest) throws IOException {
    record Kept(Path file, long size, FileTime used) {}
    List<Kept> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        FileTime used = Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
        if (!file.toString().endsWith(UNFINISHED)) {
          all.add(new Kept(file, Files.size(file), used));
        } else if (used.toInstant().isBefore(Instant.now().minus(GIVEN_UP))) {
          delete(file);
        }
      }
    } catch (NoSuchFileException e) {
      // Another container has just thrown it away.
      return;
    }
    long sum = all.stream().mapToLong(Kept::size).sum();
    all.sort(Comparator.comparing(Kept::used));
    for (Kept oldest : all) {
      if (sum <= capacity) {
        return;
      }
      if (!oldest.file.equals(latest)) {
        delete(oldest.file);
        sum -= oldest.size;
      }
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, file + " cannot be deleted: " + e.getMessage());
    }
  }
}
