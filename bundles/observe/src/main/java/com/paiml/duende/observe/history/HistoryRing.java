package com.paiml.duende.observe.history;

import java.util.ArrayList;
import java.util.List;

/**
 * The last so many rows of numbers, each with its time. It takes memory as rows come; once it has been full, pushing and popping
 * allocate nothing, and always take the same time, however full it is. Safe for several threads.
 */
public final class HistoryRing {
  private final int capacity;
  private final int columns;
  private static final int FIRST_ROWS = 4;

  private long[] cells;

  /** How many rows the cells have room for: less than the capacity only until that many have come. */
  private int room;

  private int first;
  private int size;

  /**
   * @param capacity rows
   * @param columns numbers in a row; the first one is its time: milliseconds since the epoch, or whatever grows
   */
  public HistoryRing(int capacity, int columns) {
    if (capacity < 1 || columns < 1) {
      throw new IllegalArgumentException("a ring of " + capacity + " rows of " + columns);
    }
    this.capacity = capacity;
    this.columns = columns;
    this.room = Math.min(FIRST_ROWS, capacity);
    this.cells = new long[room * columns];
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
    if (size > 0) {
      setBack(cells[index(size - 1) * columns] - row[0]);
    }
    if (size == room && room < capacity) {
      grow();
    }
    int at = first + size;
    if (at >= room) {
      at -= room;
    }
    System.arraycopy(row, 0, cells, at * columns, columns);
    if (size < capacity) {
      size++;
    } else if (++first == room) {
      first = 0;
    }
  }

  private void setBack(long by) {
    for (int i = 0; by > 0 && i < size; i++) {
      cells[index(i) * columns] -= by;
    }
  }

  /** Twice the room, the oldest row at its beginning. */
  private void grow() {
    int more = Math.min(capacity, 2 * room);
    long[] larger = new long[more * columns];
    int head = Math.min(size, room - first);
    System.arraycopy(cells, first * columns, larger, 0, head * columns);
    System.arraycopy(cells, 0, larger, head * columns, (size - head) * columns);
    cells = larger;
    room = more;
    first = 0;
  }

  /** Takes the oldest row; false when there is none. */
  public synchronized boolean pop(long[] into) {
    if (size == 0) {
      return false;
    }
    System.arraycopy(cells, first * columns, into, 0, columns);
    size--;
    if (++first == room) {
      first = 0;
    }
    return true;
  }

  /** Copies the newest row; false when there is none. */
  public synchronized boolean last(long[] into) {
    if (size == 0) {
      return false;
    }
    System.arraycopy(cells, index(size - 1) * columns, into, 0, columns);
    return true;
  }

  private int index(int i) {
    int at = first + i;
    return at >= room ? at - room : at;
  }

  /** The rows from one time to another, both included, oldest first. */
  public synchronized List<long[]> between(long from, long to) {
    List<long[]> rows = new ArrayList<>();
    for (int i = lowest(from); i < size; i++) {
      int at = index(i) * columns;
      if (cells[at] > to) {
        break;
      }
      long[] row = new long[columns];
      System.arraycopy(cells, at, row, 0, columns);
      rows.add(row);
    }
    return rows;
  }

  /** The first row that is not older. */
  private int lowest(long from) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (cells[index(middle) * columns] < from) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
