package com.paiml.duende.adapter.process;

import com.paiml.duende.adapter.process.inprocess.ThreadStreams;
import java.io.PrintStream;
import org.apache.felix.service.threadio.ThreadIO;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * The streams of threads as Felix Gogo divides them. With each command Gogo puts its own {@link System#out} back, whoever
 * has replaced it meanwhile. A component of its own, because Gogo's packages may not be there.
 */
@Component
public final class GogoStreams implements ThreadStreams {
  private final ThreadIO threads;
  private volatile boolean gone;

  @Activate
  public GogoStreams(@Reference ThreadIO threads) {
    this.threads = threads;
  }

  /** One that has been stopped would put its own streams back all the same, in the place of its successor's. */
  @Deactivate
  public void deactivate() {
    gone = true;
  }

  @Override
  public void open(PrintStream out, PrintStream err) {
    if (!gone) {
      threads.setStreams(System.in, out, err);
    }
  }

  @Override
  public void close() {
    if (!gone) {
      threads.close();
    }
  }
}
