package com.paiml.duende.observe.history;

import java.util.ArrayList;
import java.util.List;

/**
 * The last so many rows of numbers, each with its time. A row is kept as what differs from the one before: one that repeats it
 * takes a byte or two. It takes memory as rows come; pushing and popping always take the same time, however full it is, and
 * allocate nothing unless what the rows differ in has grown. Safe for several threads.
 */
public final class HistoryRing {
  /** What changed is told in the bits of a number. */
  private static final int MOST_COLUMNS = 64;

  private final int capacity;

  /** Of all rows but the oldest, what differs from the row before. */
  private final Bytes changes = new Bytes();

  /** Where the row after the oldest is. */
  private final Bytes.Reader second = changes.reader();

  private final Edge oldest;
  private final Edge newest;
  private int size;

  /** A row at one end. The first number is its time, and the distance is to that of the row before. */
  private static final class Edge {
    final long[] row;
    long distance;

    Edge(int columns) {
      row = new long[columns];
    }

    void begin(long[] with) {
      System.arraycopy(with, 0, row, 0, row.length);
      distance = 0;
    }

    void copy(Edge other) {
      begin(other.row);
      distance = other.distance;
    }

    /** Writes what differs in the next row, and goes on to that. */
    void write(long[] next, Bytes to) {
      long step = next[0] - row[0];
      long changed = 0;
      for (int i = 1; i < row.length; i++) {
        if (next[i] != row[i]) {
          changed |= 1L << i;
        }
      }
      to.head(step - distance, changed != 0);
      if (changed != 0) {
        to.number(changed >>> 1);
        for (int i = 1; i < row.length; i++) {
          if (next[i] != row[i]) {
            to.signed(next[i] - row[i]);
          }
        }
        System.arraycopy(next, 1, row, 1, row.length - 1);
      }
      distance = step;
      row[0] = next[0];
    }

    /** Goes on to the next row. */
    void read(Bytes.Reader from) {
      distance += from.head();
      row[0] += distance;
      if (from.changes()) {
        long changed = from.number() << 1;
        for (int i = 1; i < row.length; i++) {
          if ((changed & (1L << i)) != 0) {
            row[i] += from.signed();
          }
        }
      }
    }
  }

  /**
   * @param capacity rows
   * @param columns numbers in a row, at most 64; the first one is its time: milliseconds since the epoch, or whatever grows
   */
  public HistoryRing(int capacity, int columns) {
    if (capacity < 1 || columns < 1 || columns > MOST_COLUMNS) {
      throw new IllegalArgumentException("a ring of " + capacity + " rows of " + columns);
    }
    this.capacity = capacity;
    this.oldest = new Edge(columns);
    this.newest = new Edge(columns);
  }

  public synchronized int size() {
    return size;
  }

  public int capacity() {
    return capacity;
  }

  /**
   * Adds a row; when it is full, the oldest one goes. A row that is older than the newest comes from a clock that was set back:
   * those before it are set back too, and stay in order.
   */
  public synchronized void push(long[] row) {
    if (size == capacity) {
      dropOldest();
    }
    if (size == 0) {
      oldest.begin(row);
      newest.begin(row);
    } else {
      setBack(newest.row[0] - row[0]);
      newest.write(row, changes);
    }
    size++;
  }

  private void setBack(long by) {
    if (by > 0) {
      oldest.row[0] -= by;
      newest.row[0] -= by;
    }
  }

  private void dropOldest() {
    size--;
    if (size > 0) {
      oldest.read(second);
      second.release();
    }
  }

  /** Takes the oldest row; false when there is none. */
  public synchronized boolean pop(long[] into) {
    if (size == 0) {
      return false;
    }
    System.arraycopy(oldest.row, 0, into, 0, oldest.row.length);
    dropOldest();
    return true;
  }

  /** Copies the newest row; false when there is none. */
  public synchronized boolean last(long[] into) {
    if (size == 0) {
      return false;
    }
    System.arraycopy(newest.row, 0, into, 0, newest.row.length);
    return true;
  }

  /** The rows from one time to another, both included, oldest first. */
  public synchronized List<long[]> between(long from, long to) {
    List<long[]> rows = new ArrayList<>();
    Edge at = new Edge(oldest.row.length);
    at.copy(oldest);
    Bytes.Reader reader = changes.reader();
    for (int left = size; left > 0 && at.row[0] <= to; left--) {
      if (at.row[0] >= from) {
        rows.add(at.row.clone());
      }
      if (left > 1) {
        at.read(reader);
      }
    }
    return rows;
  }
}
