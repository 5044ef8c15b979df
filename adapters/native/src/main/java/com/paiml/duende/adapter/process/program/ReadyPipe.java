package com.paiml.duende.adapter.process.program;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.Pipe;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Readiness by a line on a descriptor: an end of line makes it ready, whatever stands before it. */
final class ReadyPipe implements AutoCloseable {
  private final Pipe pipe;
  private final int number;
  private volatile Optional<Watch> watch = Optional.empty();

  private ReadyPipe(Pipe pipe, int number) {
    this.pipe = pipe;
    this.number = number;
  }

  /** @param number the descriptor in the daemon, 3 or above */
  static ReadyPipe open(Linux linux, int number) throws LinuxException {
    return new ReadyPipe(linux.pipe(), number);
  }

  /** What the daemon gets at 3, 4, … so that the pipe is where it was asked for; those before it are the pipe too. */
  List<Descriptor> descriptors() {
    return new ArrayList<>(Collections.nCopies(number - 2, pipe.sink()));
  }

  /** To be called once the daemon has its copy. */
  void listen(EventLoop loop, String daemon, Runnable ready) throws LinuxException {
    pipe.sink().close();
    watch =
        Optional.of(
            loop.watch("readiness of " + daemon, pipe.source(), Readiness.IN, r -> receive(ready)));
  }

  private void receive(Runnable ready) throws LinuxException {
    byte[] buffer = new byte[256];
    int n;
    try {
      n = pipe.source().read(buffer, 0, buffer.length);
    } catch (LinuxException refused) {
      KernelFaults.unlessClosed(pipe.source(), refused);
      return;
    }
    boolean line = false;
    for (int i = 0; i < n; i++) {
      line |= buffer[i] == '\n';
    }
    if (line) {
      ready.run();
    }
    if (line || n == 0) {
      close();
    }
  }

  @Override
  public void close() {
    watch.ifPresent(Watch::close);
    pipe.close();
  }
}
