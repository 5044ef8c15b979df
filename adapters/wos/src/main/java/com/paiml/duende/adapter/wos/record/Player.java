package com.paiml.duende.adapter.wos.record;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.ReplayDiverged;
import com.paiml.duende.adapter.wos.kernel.ReplayOver;
import com.paiml.duende.adapter.wos.kernel.Tape;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Answers a process from a recording: nothing is read, written or waited for, but what it prints is printed again. A
 * process that asks for something else than it did then is ended, with the first difference as its reason.
 */
public final class Player implements Tape {

  private static final int OUT = 1;
  private static final int ERR = 2;

  private final DataInputStream in;
  private final TapeFile.Header header;
  private Event next;
  private long position;

  private Player(DataInputStream in, TapeFile.Header header, Event first) {
    this.in = in;
    this.header = header;
    this.next = first;
  }

  /** @throws DaemonException when the file is no recording */
  public static Player of(Path file) throws DaemonException {
    try {
      DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)));
      TapeFile.Header header = TapeFile.readHeader(in);
      return new Player(in, header, TapeFile.read(in));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          file.toString(),
          "cannot be played: " + e.getMessage(),
          "give it a file of wos:spawn --record",
          e);
    }
  }

  /** {@return SHA-256 of the module that was recorded} */
  public String digest() {
    return header.digest();
  }

  public List<String> args() {
    return header.args();
  }

  public List<String> env() {
    return header.env();
  }

  private void advance() {
    position++;
    try {
      next = TapeFile.read(in);
    } catch (IOException e) {
      throw new ReplayDiverged("event " + position + " cannot be read: " + e.getMessage());
    }
  }

  private ReplayDiverged diverged(String what) {
    return new ReplayDiverged("event " + position + " was " + name(next) + ", now it is " + what);
  }

  private static String name(Event event) {
    return switch (event) {
      case Event.Call c -> c.name();
      case Event.Grown g -> "memory.grow";
      case Event.Signalled s -> "SIG" + s.signal();
      case Event.Ended e -> "the end";
    };
  }

  /** A recording of what was killed ends in the middle of something. */
  private void stopIfKilled() {
    if (next instanceof Event.Ended(ExitStatus.Signalled(Signal signal))) {
      throw new ReplayOver(signal);
    }
  }

  @Override
  public Errno call(String name, long[] arguments, Call call) {
    stopIfKilled();
    if (!(next instanceof Event.Call recorded) || !recorded.name().equals(name)) {
      throw diverged(name);
    }
    if (recorded.arguments() != Arrays.hashCode(arguments)) {
      throw diverged(name + " with other arguments");
    }
    advance();
    if (name.equals("proc_exit")) {
      return call.really();
    }
    if (name.equals("fd_write") && recorded.answer() == Errno.SUCCESS && prints(arguments[0])) {
      call.replayOutput();
    }
    for (Event.Poke poke : recorded.pokes()) {
      call.poke(poke.address(), poke.data());
    }
    return recorded.answer();
  }

  private static boolean prints(long fd) {
    return (int) fd == OUT || (int) fd == ERR;
  }

  @Override
  public int grown(int previousPages) {
    stopIfKilled();
    if (!(next instanceof Event.Grown recorded)) {
      throw diverged("memory.grow");
    }
    if (recorded.previousPages() >= 0 && previousPages < 0) {
      throw new ReplayDiverged("there is less memory than there was");
    }
    advance();
    return recorded.previousPages();
  }

  @Override
  public Optional<Signal> signal(Optional<Signal> pending) {
    stopIfKilled();
    if (next instanceof Event.Signalled(Signal signal)) {
      advance();
      return Optional.of(signal);
    }
    return Optional.empty();
  }

  @Override
  public void ended(ExitStatus status) {
    try {
      in.close();
    } catch (IOException e) {
      System.getLogger(Player.class.getName())
          .log(System.Logger.Level.DEBUG, "closing a recording", e);
    }
  }
}
