package com.paiml.duende.adapter.systemd.run;

import com.paiml.duende.adapter.systemd.Faults;
import com.paiml.duende.adapter.systemd.SystemdAdapter;
import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.adapter.systemd.service.UnitWatcher;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Waits for the end of a unit, and keeps what was last told of it. */
final class Ending implements UnitWatcher {
  /** A word that is lost with a connection is made up for by a look. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  private final Semaphore news = new Semaphore(0);
  private volatile UnitState state = UnitState.NONE;
  private volatile @Nullable String job;
  private volatile boolean removed;

  UnitState state() {
    return state;
  }

  /** The result of its start, once that is over; empty before. */
  String startResult() {
    String result = job;
    return result == null ? "" : result;
  }

  /** Whether it has run and is over. */
  boolean isOver() {
    return removed || (job != null && state.isOver());
  }

  @Override
  public void changed(UnitState now) {
    state = now;
    news.release();
  }

  @Override
  public void jobOver(String ignored, String result) {
    if (job == null) {
      job = result;
    }
    news.release();
  }

  @Override
  public void removed() {
    removed = true;
    news.release();
  }

  @Override
  public void lost(String why) {
    news.release();
  }

  @Override
  public void closed() {
    news.release();
  }

  @Override
  public void found(UnitState now) {
    state = now;
    removed = !now.isLoaded();
    news.release();
  }

  /** Waits for news, by the deadline and not for long. */
  void await(Deadline deadline) throws DaemonException {
    try {
      if (news.tryAcquire(deadline.orAfter(LOOK).remaining().toNanos(), TimeUnit.NANOSECONDS)) {
        news.drainPermits();
      }
    } catch (InterruptedException e) {
      throw Faults.interrupted(SystemdAdapter.NAME, "the end of a unit");
    }
  }
}
