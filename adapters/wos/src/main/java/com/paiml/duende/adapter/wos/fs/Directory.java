package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.FdFlags;
import com.paiml.duende.adapter.wos.abi.FileType;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.abi.Stat;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;

/** A directory of the host, preopened or below one, and all that can be done by a path from it. */
public final class Directory extends OpenFile {

  /** What an entry of a listing costs of the heap, and its name twice as much. */
  private static final int ENTRY = 96;

  private final HostTree tree;
  private final Allowance allowance;
  private final Preopen preopen;
  private final List<String> parts;
  private List<Entry> listing = List.of();
  private long listingCost;

  /** One name in a directory. */
  public record Entry(String name, long inode, FileType type) {}

  /** How {@link #open} is meant ({@code $oflags}, and whether to follow a link at the end). */
  public record Opening(
      boolean create, boolean directory, boolean exclusive, boolean truncate, boolean follow) {}

  private Directory(
      HostTree tree, Allowance allowance, Preopen preopen, List<String> parts, int flags) {
    super(FileType.DIRECTORY, flags);
    this.tree = tree;
    this.allowance = allowance;
    this.preopen = preopen;
    this.parts = parts;
  }

  public static Directory of(HostTree tree, Allowance allowance, Preopen preopen) {
    return new Directory(tree, allowance, preopen, List.of(), 0);
  }

  @Override
  public long rights() {
    return preopen.readOnly() ? Rights.DIRECTORY & ~Rights.CHANGING : Rights.DIRECTORY;
  }

  /** {@return the rights that what is opened below can have} */
  public long rightsBelow() {
    long all = Rights.DIRECTORY | Rights.FILE;
    return preopen.readOnly() ? all & ~Rights.CHANGING : all;
  }

  /** {@return what a process calls it, for the one it was given} */
  public Optional<String> preopenedAs() {
    return parts.isEmpty() ? Optional.of(preopen.guest()) : Optional.empty();
  }

  private Place walk(String path, boolean follow) throws Fault {
    return Walk.to(preopen.host(), parts, path, follow);
  }

  private void mayChange() throws Fault {
    if (preopen.readOnly()) {
      throw new Fault(Errno.ROFS);
    }
  }

  /** What is done to a place, while it stays what it is. */
  @FunctionalInterface
  private interface Act<T> {
    T on(Place place) throws Fault, IOException;
  }

  private <T> T at(Lock lock, String path, boolean follow, Act<T> act) throws Fault {
    lock.lock();
    try {
      return act.on(walk(path, follow));
    } catch (IOException e) {
      throw HostErrors.of(e);
    } catch (InvalidPathException e) {
      // The host's file system has no such character.
      throw new Fault(Errno.ILSEQ);
    } catch (UnsupportedOperationException e) {
      throw new Fault(Errno.NOTSUP);
    } finally {
      lock.unlock();
    }
  }

  /** What changes a place. */
  @FunctionalInterface
  private interface Deed {
    void on(Place place) throws Fault, IOException;
  }

  private void change(Lock lock, String path, boolean follow, Deed deed) throws Fault {
    mayChange();
    lock.lock();
    try {
      deed.on(walk(path, follow));
    } catch (IOException e) {
      throw HostErrors.of(e);
    } catch (InvalidPathException e) {
      // The host's file system has no such character.
      throw new Fault(Errno.ILSEQ);
    } catch (UnsupportedOperationException e) {
      throw new Fault(Errno.NOTSUP);
    } finally {
      lock.unlock();
    }
  }

  /** Opens what the path leads to. Only regular files and directories: nothing else of the host is handed out. */
  public OpenFile open(String path, Opening how, boolean reading, boolean writing, int flags)
      throws Fault {
    if ((flags & ~FdFlags.ALL) != 0) {
      throw new Fault(Errno.INVAL);
    }
    if (how.create() || how.truncate()) {
      mayChange();
    }
    return at(
        tree.stable(), path, how.follow(), place -> open(place, how, reading, writing, flags));
  }

  private OpenFile open(Place place, Opening how, boolean reading, boolean writing, int flags)
      throws Fault, IOException {
    if (how.exclusive() && how.create() && place.exists()) {
      throw new Fault(Errno.EXIST);
    }
    if (place.is(Place.Kind.DIRECTORY)) {
      if (writing) {
        throw new Fault(Errno.ISDIR);
      }
      if (how.create() || how.truncate()) {
        throw new Fault(how.directory() ? Errno.INVAL : Errno.ISDIR);
      }
      return new Directory(tree, allowance, preopen, place.parts(), flags);
    }
    if (place.is(Place.Kind.LINK)) {
      throw new Fault(how.directory() ? Errno.NOTDIR : Errno.LOOP);
    }
    if (how.directory() && how.create()) {
      throw new Fault(Errno.INVAL);
    }
    if (place.exists() && (how.directory() || place.directoryMeant())) {
      throw new Fault(Errno.NOTDIR);
    }
    if (place.is(Place.Kind.OTHER)) {
      throw new Fault(Errno.ACCES);
    }
    if (!place.exists() && (!how.create() || how.directory())) {
      throw new Fault(Errno.NOENT);
    }
    if (!place.exists() && place.directoryMeant()) {
      throw new Fault(Errno.ISDIR);
    }
    if (writing || how.truncate()) {
      mayChange();
    }
    Set<OpenOption> options = new HashSet<>(Set.of(LinkOption.NOFOLLOW_LINKS));
    if (reading || !(writing || how.truncate() || how.create())) {
      options.add(StandardOpenOption.READ);
    }
    if (writing || how.truncate() || how.create()) {
      options.add(StandardOpenOption.WRITE);
    }
    if (how.create()) {
      options.add(how.exclusive() ? StandardOpenOption.CREATE_NEW : StandardOpenOption.CREATE);
    }
    if (how.truncate()) {
      options.add(StandardOpenOption.TRUNCATE_EXISTING);
    }
    if (!allowance.files().take(1)) {
      throw new Fault(Errno.NFILE);
    }
    boolean open = false;
    try {
      FileChannel channel = FileChannel.open(place.host(), options);
      try {
        RegularFile file =
            new RegularFile(tree, allowance, channel, place, flags, !preopen.readOnly());
        open = true;
        return file;
      } finally {
        if (!open) {
          channel.close();
        }
      }
    } finally {
      if (!open) {
        allowance.files().giveBack(1);
      }
    }
  }

  @Override
  public Stat stat() throws Fault {
    return stat(".", true);
  }

  public Stat stat(String path, boolean follow) throws Fault {
    return at(
        tree.stable(),
        path,
        follow,
        place -> {
          if (place.directoryMeant() && place.exists() && !place.is(Place.Kind.DIRECTORY)) {
            throw new Fault(Errno.NOTDIR);
          }
          return HostStat.of(place.host());
        });
  }

  /** Sets times in nanoseconds since 1970; an empty one stays. */
  public void setTimes(String path, boolean follow, OptionalLong accessed, OptionalLong modified)
      throws Fault {
    change(tree.stable(), path, follow, place -> setTimes(place.host(), accessed, modified));
  }

  static void setTimes(Path host, OptionalLong accessed, OptionalLong modified) throws IOException {
    Files.getFileAttributeView(host, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .setTimes(orNull(modified), orNull(accessed), null);
  }

  private static @org.jspecify.annotations.Nullable FileTime orNull(OptionalLong nanos) {
    return nanos.isPresent() ? FileTime.from(nanos.getAsLong(), TimeUnit.NANOSECONDS) : null;
  }

  /** The JDK returns the path that it was given. */
  private static void made(Path path) {
    assert path.isAbsolute() : path;
  }

  public void createDirectory(String path) throws Fault {
    change(tree.stable(), path, false, place -> made(Files.createDirectory(place.host())));
  }

  public void removeDirectory(String path) throws Fault {
    change(
        tree.changing(),
        path,
        false,
        place -> {
          if (!place.exists()) {
            throw new Fault(Errno.NOENT);
          }
          if (!place.is(Place.Kind.DIRECTORY)) {
            throw new Fault(Errno.NOTDIR);
          }
          if (place.parts().equals(parts)) {
            throw new Fault(Errno.INVAL);
          }
          Files.delete(place.host());
        });
  }

  public void unlink(String path) throws Fault {
    change(
        tree.changing(),
        path,
        false,
        place -> {
          if (place.is(Place.Kind.DIRECTORY)) {
            throw new Fault(Errno.ISDIR);
          }
          if (!place.exists()) {
            throw new Fault(Errno.NOENT);
          }
          if (place.directoryMeant()) {
            throw new Fault(Errno.NOTDIR);
          }
          Files.delete(place.host());
        });
  }

  /** Where a link is, as it is written there. */
  public String readLink(String path) throws Fault {
    return at(
        tree.stable(),
        path,
        false,
        place -> {
          if (place.exists() && !place.is(Place.Kind.LINK)) {
            throw new Fault(Errno.INVAL);
          }
          return Files.readSymbolicLink(place.host()).toString();
        });
  }

  /** A link with an absolute target is refused: it could never be followed. */
  public void symlink(String target, String path) throws Fault {
    if (target.isEmpty()) {
      throw new Fault(Errno.NOENT);
    }
    if (target.startsWith("/")) {
      throw new Fault(Errno.PERM);
    }
    if (target.indexOf('\0') >= 0) {
      throw new Fault(Errno.INVAL);
    }
    change(
        tree.changing(),
        path,
        false,
        place -> {
          if (place.exists()) {
            throw new Fault(Errno.EXIST);
          }
          if (place.directoryMeant()) {
            throw new Fault(Errno.NOENT);
          }
          made(Files.createSymbolicLink(place.host(), Path.of(target)));
        });
  }

  public void link(String path, boolean follow, Directory toDirectory, String toPath) throws Fault {
    toDirectory.mayChange();
    if (follow) {
      // path_link of the specification does not let links be followed: neither do Linux's own by
      // default.
      throw new Fault(Errno.INVAL);
    }
    change(
        tree.changing(),
        path,
        false,
        from -> {
          Place to = toDirectory.walk(toPath, false);
          if (!from.exists()) {
            throw new Fault(Errno.NOENT);
          }
          if (from.is(Place.Kind.DIRECTORY)) {
            throw new Fault(Errno.PERM);
          }
          if (from.directoryMeant()) {
            throw new Fault(Errno.NOTDIR);
          }
          if (to.exists()) {
            throw new Fault(Errno.EXIST);
          }
          if (to.directoryMeant()) {
            throw new Fault(Errno.NOENT);
          }
          made(Files.createLink(to.host(), from.host()));
        });
  }

  public void rename(String path, Directory toDirectory, String toPath) throws Fault {
    toDirectory.mayChange();
    change(
        tree.changing(),
        path,
        false,
        from -> {
          Place to = toDirectory.walk(toPath, false);
          checkRename(from, to);
          if (from.host().equals(to.host())) {
            return;
          }
          Path moved =
              Files.move(
                  from.host(),
                  to.host(),
                  StandardCopyOption.ATOMIC_MOVE,
                  StandardCopyOption.REPLACE_EXISTING);
          tree.open().forEach(f -> f.moved(from.host(), moved));
        });
  }

  private static void checkRename(Place from, Place to) throws Fault {
    if (!from.exists()) {
      throw new Fault(Errno.NOENT);
    }
    boolean directory = from.is(Place.Kind.DIRECTORY);
    if (from.directoryMeant() && !directory) {
      throw new Fault(Errno.NOTDIR);
    }
    if (to.directoryMeant() && !directory) {
      throw new Fault(Errno.NOTDIR);
    }
    if (to.exists() && directory && !to.is(Place.Kind.DIRECTORY)) {
      throw new Fault(Errno.NOTDIR);
    }
    if (to.is(Place.Kind.DIRECTORY) && !directory) {
      throw new Fault(Errno.ISDIR);
    }
    if (directory && to.host().startsWith(from.host()) && !to.host().equals(from.host())) {
      throw new Fault(Errno.INVAL);
    }
  }

  /**
   * The entries from a place on. A listing that begins anew is read anew; one that goes on is as it was, so that cookies
   * stay good. A listing is kept, and counted as memory of the session, until the next one or the end of the descriptor.
   *
   * @param cookie 0, or the number of entries already seen
   * @throws Fault {@code ENOMEM} when the session may not hold so much
   */
  public synchronized List<Entry> entries(long cookie) throws Fault {
    if (cookie == 0 || listing.isEmpty()) {
      forgetListing();
      listing = at(tree.stable(), ".", true, this::list);
    }
    if (cookie < 0 || cookie > listing.size()) {
      return List.of();
    }
    return listing.subList((int) cookie, listing.size());
  }

  private synchronized void forgetListing() {
    listing = List.of();
    allowance.memory().giveBack(listingCost);
    listingCost = 0;
  }

  private void charge(Entry entry) throws Fault {
    long cost = ENTRY + 2L * entry.name().length();
    if (!allowance.memory().take(cost)) {
      forgetListing();
      throw new Fault(Errno.NOMEM);
    }
    listingCost += cost;
  }

  @Override
  protected void close() {
    forgetListing();
  }

  private synchronized List<Entry> list(Place place) throws IOException, Fault {
    List<Entry> found = new ArrayList<>();
    Stat self = HostStat.of(place.host());
    found.add(new Entry(".", self.inode(), FileType.DIRECTORY));
    // What lies above a preopened directory is nobody's business: its parent is itself.
    long parent =
        place.parts().isEmpty()
            ? self.inode()
            : HostStat.of(place.host().resolveSibling("")).inode();
    found.add(new Entry("..", parent, FileType.DIRECTORY));
    try (DirectoryStream<Path> names = Files.newDirectoryStream(place.host())) {
      for (Path name : names) {
        Optional<Entry> entry = entry(name);
        if (entry.isPresent()) {
          charge(entry.get());
          found.add(entry.get());
        }
      }
    }
    return found;
  }

  private static Optional<Entry> entry(Path name) throws IOException {
    try {
      Stat stat = HostStat.of(name);
      return Optional.of(new Entry(String.valueOf(name.getFileName()), stat.inode(), stat.type()));
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }
}
