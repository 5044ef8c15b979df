package com.paiml.duende.metrics.figure;

import com.paiml.duende.metrics.figure.Family.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Families being filled. At most {@link #MOST} points: beyond, they are left out and counted. Used by one thread. */
final class Families {
  static final int MOST = 200_000;

  private static final int OURS = 5_000;

  private record Head(Kind kind, String unit, String help) {}

  private final Map<String, Head> heads = new LinkedHashMap<>();
  private final Map<String, List<Point>> points = new LinkedHashMap<>();
  private int limit = MOST;
  private int count;
  private long omitted;

  void add(
      String name,
      Kind kind,
      String unit,
      String help,
      Map<String, String> labels,
      Instant start,
      double value) {
    add(name, new Head(kind, unit, help), new Point.Single(labels, start, value));
  }

  void add(
      String name,
      String unit,
      String help,
      Map<String, String> labels,
      Instant start,
      Distribution distribution) {
    add(name, new Head(Kind.HISTOGRAM, unit, help), new Point.Spread(labels, start, distribution));
  }

  private void add(String name, Head head, Point point) {
    // Two daemons may give one name to different things.
    Head present = heads.putIfAbsent(name, head);
    int size = point instanceof Point.Spread s ? s.distribution().counts().size() + 2 : 1;
    if ((present != null && present.kind() != head.kind()) || count + size > limit) {
      omitted++;
      return;
    }
    count += size;
    points.computeIfAbsent(name, n -> new ArrayList<>()).add(point);
  }

  /** After what daemons say: room for what the container says, which is little and always there. */
  void makeRoomForOurs() {
    limit = MOST + OURS;
  }

  long omitted() {
    return omitted;
  }

  List<Family> toList() {
    List<Family> all = new ArrayList<>();
    heads.forEach(
        (name, head) -> {
          List<Point> values = points.get(name);
          if (values != null) {
            all.add(new Family(name, head.kind(), head.unit(), head.help(), values));
          }
        });
    return all;
  }
}
