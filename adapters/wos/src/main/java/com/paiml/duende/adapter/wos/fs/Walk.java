package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Walks a path part by part, never following a link that it has not looked at. What leads above the directory that the walk
 * began at, be it {@code ..}, an absolute path or a link, is refused with {@code EPERM}.
 */
final class Walk {

  private static final int MOST_LINKS = 40;

  /** Links to long paths of links: each part is looked at, which takes time that nobody else should wait for. */
  private static final int MOST_STEPS = 8192;

  private static final int LONGEST_NAME = 255;
  private static final int LONGEST_PATH = 4096;

  private final Path root;
  private final int floor;
  private final List<String> parts;
  private final ArrayDeque<String> ahead = new ArrayDeque<>();
  private int links;
  private int steps;

  private Walk(Path root, List<String> base) {
    this.root = root;
    this.floor = base.size();
    this.parts = new ArrayList<>(base);
  }

  /**
   * @param root the preopened directory on the host
   * @param base the directory that the walk begins at, below root
   * @param path what to look for
   * @param follow whether a link at the end is followed
   */
  static Place to(Path root, List<String> base, String path, boolean follow) throws Fault {
    Walk walk = new Walk(root, base);
    walk.checkBase(base);
    return walk.go(path, follow);
  }

  /** The directory may have been moved, or replaced by a link, since it was opened. */
  private void checkBase(List<String> base) throws Fault {
    Path at = root;
    for (String part : base) {
      at = at.resolve(part);
      Optional<Place.Kind> kind = look(at);
      if (kind.isEmpty()) {
        throw new Fault(Errno.NOENT);
      }
      if (kind.get() != Place.Kind.DIRECTORY) {
        throw new Fault(Errno.NOTDIR);
      }
    }
  }

  private Place go(String path, boolean follow) throws Fault {
    if (path.isEmpty()) {
      throw new Fault(Errno.NOENT);
    }
    if (path.length() > LONGEST_PATH) {
      throw new Fault(Errno.NAMETOOLONG);
    }
    boolean directoryMeant = push(path);
    while (!ahead.isEmpty()) {
      if (++steps > MOST_STEPS) {
        throw new Fault(Errno.LOOP);
      }
      String part = ahead.poll();
      if (part.equals("..")) {
        if (parts.size() == floor) {
          throw new Fault(Errno.PERM);
        }
        parts.removeLast();
        continue;
      }
      Path host = here().resolve(part);
      boolean last = ahead.isEmpty();
      Optional<Place.Kind> kind = look(host);
      if (kind.isPresent()
          && kind.get() == Place.Kind.LINK
          && (!last || follow || directoryMeant)) {
        directoryMeant |= enter(host);
        continue;
      }
      parts.add(part);
      if (last) {
        return new Place(List.copyOf(parts), host, kind, directoryMeant);
      }
      if (kind.isEmpty()) {
        throw new Fault(Errno.NOENT);
      }
      if (kind.get() != Place.Kind.DIRECTORY) {
        throw new Fault(Errno.NOTDIR);
      }
    }
    return new Place(List.copyOf(parts), here(), look(here()), true);
  }

  private boolean enter(Path link) throws Fault {
    if (++links > MOST_LINKS) {
      throw new Fault(Errno.LOOP);
    }
    try {
      return push(Files.readSymbolicLink(link).toString());
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  /** Puts the parts of a path before what is still ahead. Tells whether it means a directory by how it ends. */
  private boolean push(String path) throws Fault {
    if (path.startsWith("/")) {
      throw new Fault(Errno.PERM);
    }
    if (path.indexOf('\0') >= 0) {
      throw new Fault(Errno.INVAL);
    }
    List<String> all = List.of(path.split("/", -1));
    for (String part : all.reversed()) {
      if (part.length() > LONGEST_NAME) {
        throw new Fault(Errno.NAMETOOLONG);
      }
      if (!part.isEmpty() && !part.equals(".")) {
        ahead.addFirst(part);
      }
    }
    String end = all.getLast();
    return end.isEmpty() || end.equals(".") || end.equals("..");
  }

  private Path here() {
    Path at = root;
    for (String part : parts) {
      at = at.resolve(part);
    }
    return at;
  }

  private static Optional<Place.Kind> look(Path host) throws Fault {
    try {
      BasicFileAttributes found =
          Files.readAttributes(host, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (found.isDirectory()) {
        return Optional.of(Place.Kind.DIRECTORY);
      }
      if (found.isSymbolicLink()) {
        return Optional.of(Place.Kind.LINK);
      }
      return Optional.of(found.isRegularFile() ? Place.Kind.FILE : Place.Kind.OTHER);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }
}
