package com.paiml.duende.adapter.wos.record;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.ProcessExit;
import com.paiml.duende.adapter.wos.kernel.Tape;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Writes down what comes to a process. A recording that cannot be written on, or has reached its largest size, is cut off
 * there; the process goes on.
 */
public final class Recorder implements Tape {

  private static final System.Logger LOG = System.getLogger(Recorder.class.getName());

  private final Path file;
  private final DataOutputStream out;
  private final long maxSize;
  private List<Event.Poke> pokes = new ArrayList<>();
  private boolean cutOff;

  private Recorder(Path file, DataOutputStream out, long maxSize) {
    this.file = file;
    this.out = out;
    this.maxSize = maxSize;
  }

  /**
   * @param maxSize of the recording in bytes
   * @throws DaemonException {@link ErrorCode#IO} when the file cannot be written
   */
  public static Recorder to(
      Path file, Image image, List<String> args, List<String> env, long maxSize)
      throws DaemonException {
    try {
      DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
      TapeFile.write(out, new TapeFile.Header(image.digest(), args, env));
      return new Recorder(file, out, maxSize);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          file.toString(),
          "cannot be written: " + e.getMessage(),
          "check the directory and its rights",
          e);
    }
  }

  private void write(Event event) {
    if (cutOff) {
      return;
    }
    try {
      TapeFile.write(out, event);
      if (out.size() >= maxSize) {
        cutOff("it has " + out.size() + " bytes");
      }
    } catch (IOException e) {
      cutOff(String.valueOf(e.getMessage()));
    }
  }

  private void cutOff(String why) {
    cutOff = true;
    LOG.log(System.Logger.Level.WARNING, "recording " + file + " is cut off: " + why);
    close();
  }

  private void close() {
    try {
      out.close();
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING, "recording " + file + " is incomplete: " + e.getMessage());
    }
  }

  @Override
  public Errno call(String name, long[] arguments, Call call) {
    pokes = new ArrayList<>();
    try {
      Errno answer = call.really();
      write(new Event.Call(name, Arrays.hashCode(arguments), answer, pokes));
      return answer;
    } catch (ProcessExit e) {
      write(new Event.Call(name, Arrays.hashCode(arguments), Errno.SUCCESS, pokes));
      throw e;
    }
  }

  @Override
  public void poked(int address, byte[] data) {
    pokes.add(new Event.Poke(address, data));
  }

  @Override
  public int grown(int previousPages) {
    write(new Event.Grown(previousPages));
    return previousPages;
  }

  @Override
  public Optional<Signal> signal(Optional<Signal> pending) {
    pending.ifPresent(signal -> write(new Event.Signalled(signal)));
    return pending;
  }

  @Override
  public void ended(ExitStatus status) {
    if (!cutOff) {
      write(new Event.Ended(status));
      close();
    }
  }
}
