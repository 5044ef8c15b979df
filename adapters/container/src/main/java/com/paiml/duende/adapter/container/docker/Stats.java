package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.spi.UsageSample;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** What {@code GET /containers/ID/stats} tells. */
final class Stats {
  private Stats() {}

  static UsageSample of(Json stats) {
    long received = 0;
    long sent = 0;
    if (stats.at("networks").value() instanceof Map<?, ?> networks) {
      for (Object one : networks.values()) {
        received += new Json(one).at("rx_bytes").number();
        sent += new Json(one).at("tx_bytes").number();
      }
    }
    List<Json> io = stats.at("blkio_stats", "io_service_bytes_recursive").items();
    long pids = stats.at("pids_stats", "current").number(UsageSample.UNKNOWN);
    return new UsageSample(
        Instant.now(),
        stats.at("cpu_stats", "cpu_usage", "total_usage").number(UsageSample.UNKNOWN),
        stats.at("memory_stats", "usage").number(UsageSample.UNKNOWN),
        UsageSample.UNKNOWN,
        pids,
        UsageSample.UNKNOWN,
        sum(io, "read"),
        sum(io, "write"),
        received,
        sent,
        UsageSample.UNKNOWN,
        UsageSample.UNKNOWN,
        UsageSample.UNKNOWN,
        UsageSample.UNKNOWN);
  }

  private static long sum(List<Json> io, String what) {
    return io.stream()
        .filter(e -> e.at("op").text().equalsIgnoreCase(what))
        .mapToLong(e -> e.at("value").number())
        .sum();
  }
}
