package com.paiml.duende.adapter.pepita;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * Gives each machine on this host its vsock context id, from 3 (0 to 2 are the hypervisor's, the loopback's and the host's:
 * vsock(7)). A file for each that is in use, with the identity of the process that uses it: of several containers on one host
 * none gives what another has given, and what a dead process has left is given again.
 */
final class Cids {
  static final long FIRST = 3;

  /** Enough for any host; what is above is a sign of a fault. */
  private static final long LAST = 65_535;

  private static final long PATIENCE_NANOS = 10_000_000_000L;
  private static final long PAUSE_NANOS = 1_000_000;

  private final Path folder;
  private final Predicate<String> isAlive;

  /** Those that others' machines have, of whom no file tells. */
  private final BitSet foreign = new BitSet();

  /** @param isAlive whether the process of that identity is */
  Cids(Path folder, Predicate<String> isAlive) {
    this.folder = folder;
    this.isAlive = isAlive;
  }

  /** Where this user's machines are noted. */
  static Path usual() {
    String runtime = System.getenv().getOrDefault("XDG_RUNTIME_DIR", "");
    String user = System.getProperty("user.name", "");
    if (user.equals("root")) {
      return Path.of("/run/duende/cid");
    }
    return runtime.startsWith("/")
        ? Path.of(runtime, "duende", "cid")
        : Path.of(System.getProperty("java.io.tmpdir", "/tmp"), "duende-" + user, "cid");
  }

  /** The lowest that is free. */
  synchronized long take(String owner) throws DaemonException {
    try {
      Files.createDirectories(folder);
      try (FileChannel guard =
              FileChannel.open(
                  folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = lock(guard)) {
        for (long cid = FIRST; cid <= LAST; cid++) {
          if (!foreign.get((int) cid) && takeOne(cid, owner)) {
            return cid;
          }
        }
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          folder.toString(),
          "the context ids of machines cannot be noted: " + e,
          "see its rights",
          e);
    }
    throw new DaemonException(
        ErrorCode.RESOURCE_LIMIT, "vsock", "all context ids are in use", "stop some machines");
  }

  /** Of two containers in one JVM the kernel's lock does not tell one from the other; Java's own refusal does. */
  private static FileLock lock(FileChannel guard) throws IOException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      try {
        return guard.lock();
      } catch (OverlappingFileLockException e) {
        if (System.nanoTime() - until > 0) {
          throw new IOException("another container in this JVM does not let go of them", e);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private boolean takeOne(long cid, String owner) throws IOException {
    Path file = folder.resolve(Long.toString(cid));
    try {
      Path _ =
          Files.writeString(file, owner, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW);
      return true;
    } catch (FileAlreadyExistsException e) {
      if (isAlive.test(Files.readString(file, StandardCharsets.UTF_8).strip())) {
        return false;
      }
      replace(file, owner);
      return true;
    }
  }

  private static void replace(Path file, String owner) throws IOException {
    Path fresh = file.resolveSibling("." + file.getFileName());
    Path _ = Files.writeString(fresh, owner, StandardCharsets.UTF_8);
    Path _ =
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** A machine that is none of ours has it: as long as this container runs it is not given. */
  synchronized void foreign(long cid) {
    foreign.set((int) cid);
  }

  /** It belongs to that process from now on. */
  synchronized void hand(long cid, String owner) throws IOException {
    replace(folder.resolve(Long.toString(cid)), owner);
  }

  /** It is free, if that process has it. */
  synchronized void free(long cid, String owner) throws IOException {
    Path file = folder.resolve(Long.toString(cid));
    if (Files.exists(file)
        && Files.readString(file, StandardCharsets.UTF_8).strip().equals(owner)) {
      Files.deleteIfExists(file);
    }
  }
}
