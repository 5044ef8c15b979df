package com.paiml.duende.shell.call;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Process;

/** Somebody in this JVM: another gogo shell, or the command line for which a container of its own was started. */
public class LocalCaller implements Caller {
  private final CommandSession session;

  public LocalCaller(CommandSession session) {
    this.session = session;
  }

  @Override
  public boolean isTerminal(int stream) {
    return false;
  }

  @Override
  public boolean colour() {
    return false;
  }

  @Override
  public int columns() {
    return 0;
  }

  @Override
  public int rows() {
    return 0;
  }

  @Override
  public String term() {
    return "";
  }

  @Override
  public PrintStream err() {
    Process process = Process.Utils.current();
    return process == null ? System.err : process.err();
  }

  @Override
  public byte[] read(String name, int limit) throws DaemonException {
    try {
      byte[] contents;
      if (name.equals("-")) {
        contents = session.getKeyboard().readNBytes(limit + 1);
      } else {
        Path file = session.currentDir().resolve(name);
        if (Files.isDirectory(file)) {
          throw new DaemonException(ErrorCode.IO, name, "is a directory", "name the files in it");
        }
        try (InputStream in = Files.newInputStream(file)) {
          contents = in.readNBytes(limit + 1);
        }
      }
      if (contents.length > limit) {
        throw new DaemonException(ErrorCode.IO, name, "is larger than " + limit + " bytes", "");
      }
      return contents;
    } catch (InvalidPathException | IOException e) {
      throw new DaemonException(ErrorCode.IO, name, "cannot be read: " + e.getMessage(), "", e);
    }
  }

  /** There is no terminal to set. */
  @Override
  public void keys(boolean single) {}

  /** Nor does it change its size. */
  @Override
  public void onResize(Runnable task) {}

  @Override
  public void afterwards(Runnable task) {
    Thread thread = new Thread(task, "duende-afterwards");
    thread.setDaemon(true);
    thread.start();
  }
}
