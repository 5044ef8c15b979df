package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.util.Map;

/** Error numbers for what the host's file system says. */
final class HostErrors {

  /** Where the JDK has no exception of its own it passes on the text of strerror(3), in English: it sets no locale. */
  private static final Map<String, Errno> TEXTS =
      Map.ofEntries(
          Map.entry("Not a directory", Errno.NOTDIR),
          Map.entry("Is a directory", Errno.ISDIR),
          Map.entry("Too many levels of symbolic links", Errno.LOOP),
          Map.entry(
              "Too many levels of symbolic links or unable to access attributes of symbolic link",
              Errno.LOOP),
          Map.entry("No space left on device", Errno.NOSPC),
          Map.entry("Disk quota exceeded", Errno.DQUOT),
          Map.entry("Read-only file system", Errno.ROFS),
          Map.entry("File name too long", Errno.NAMETOOLONG),
          Map.entry("Invalid cross-device link", Errno.XDEV),
          Map.entry("Operation not permitted", Errno.PERM),
          Map.entry("Permission denied", Errno.ACCES),
          Map.entry("Too many links", Errno.MLINK),
          Map.entry("Too many open files", Errno.NFILE),
          Map.entry("Invalid argument", Errno.INVAL),
          Map.entry("Directory not empty", Errno.NOTEMPTY),
          Map.entry("Text file busy", Errno.TXTBSY),
          Map.entry("File too large", Errno.FBIG));

  private HostErrors() {}

  static Fault of(IOException e) {
    return new Fault(
        switch (e) {
          case NoSuchFileException x -> Errno.NOENT;
          case FileAlreadyExistsException x -> Errno.EXIST;
          case DirectoryNotEmptyException x -> Errno.NOTEMPTY;
          case AccessDeniedException x -> Errno.ACCES;
          case NotDirectoryException x -> Errno.NOTDIR;
          case NotLinkException x -> Errno.INVAL;
          case FileSystemLoopException x -> Errno.LOOP;
          case ClosedChannelException x -> Errno.BADF;
          case FileSystemException x -> ofText(x.getReason());
          default -> ofText(e.getMessage());
        });
  }

  private static Errno ofText(@org.jspecify.annotations.Nullable String text) {
    return text == null ? Errno.IO : TEXTS.getOrDefault(text, Errno.IO);
  }
}
