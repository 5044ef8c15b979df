package com.paiml.duende.testkit.conformance;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps what an adapter tells about a run. Any thread. */
public final class RecordedEvents implements AdapterEvents {
  private final AtomicInteger readies = new AtomicInteger();
  private final AtomicInteger heartbeats = new AtomicInteger();
  private final List<String> statusTexts = new CopyOnWriteArrayList<>();
  private final List<HealthStatus> healths = new CopyOnWriteArrayList<>();
  private final List<DaemonHandle> restarts = new CopyOnWriteArrayList<>();
  private final List<String> alerts = new CopyOnWriteArrayList<>();

  @Override
  public void ready() {
    readies.incrementAndGet();
  }

  @Override
  public void heartbeat() {
    heartbeats.incrementAndGet();
  }

  @Override
  public void statusText(String text) {
    statusTexts.add(text);
  }

  @Override
  public void health(HealthStatus status) {
    healths.add(status);
  }

  @Override
  public void restarted(DaemonHandle next, ExitReason previous) {
    restarts.add(next);
  }

  @Override
  public void alert(String kind, String detail) {
    alerts.add(kind + ": " + detail);
  }

  public int readies() {
    return readies.get();
  }

  public int heartbeats() {
    return heartbeats.get();
  }

  public List<String> statusTexts() {
    return List.copyOf(statusTexts);
  }

  public List<HealthStatus> healths() {
    return List.copyOf(healths);
  }

  public List<DaemonHandle> restarts() {
    return List.copyOf(restarts);
  }

  public List<String> alerts() {
    return List.copyOf(alerts);
  }
}
