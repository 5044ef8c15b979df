package com.paiml.duende.observe.monitor;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads {@code /proc/PID/stat}, proc(5), over and over without allocating anything. For one thread. */
final class StatLine {
  private ByteBuffer bytes = ByteBuffer.allocate(0);
  private int nameBegin;
  private int nameEnd;
  char state;
  int parent;
  int session;
  long cpuTicks;

  /** Page faults, minor and major. */
  long faults;

  long threads;
  long start;

  /** The name in parentheses may hold anything, also parentheses and blanks: the last one ends it. */
  boolean parse(ByteBuffer line) {
    bytes = line;
    int end = line.limit();
    nameBegin = 0;
    while (nameBegin < end && line.get(nameBegin) != '(') {
      nameBegin++;
    }
    nameBegin++;
    nameEnd = end - 1;
    while (nameEnd > nameBegin && line.get(nameEnd) != ')') {
      nameEnd--;
    }
    int at = nameEnd + 2;
    if (at >= end) {
      return false;
    }
    state = (char) line.get(at);
    int field = 3;
    long cpu = 0;
    long faulted = 0;
    while (at < end) {
      byte c = line.get(at++);
      if (c != ' ') {
        continue;
      }
      field++;
      long value = 0;
      boolean negative = at < end && line.get(at) == '-';
      for (int i = negative ? at + 1 : at; i < end; i++) {
        byte digit = line.get(i);
        if (digit < '0' || digit > '9') {
          break;
        }
        value = value * 10 + digit - '0';
      }
      if (negative) {
        value = -value;
      }
      switch (field) {
        case 4 -> parent = (int) value;
        case 6 -> session = (int) value;
        case 10, 12 -> faulted += value;
        case 14, 15 -> cpu += value;
        case 20 -> threads = value;
        case 22 -> {
          start = value;
          cpuTicks = cpu;
          faults = faulted;
          return true;
        }
        default -> {
          // Not of interest here.
        }
      }
    }
    return false;
  }

  /** The second number of {@code /proc/PID/statm}: resident pages. Those of the other file lag behind on Linux 6. */
  static long residentPages(ByteBuffer statm) {
    long value = 0;
    int at = 0;
    while (at < statm.limit() && statm.get(at) != ' ') {
      at++;
    }
    for (at++; at < statm.limit(); at++) {
      byte digit = statm.get(at);
      if (digit < '0' || digit > '9') {
        break;
      }
      value = value * 10 + digit - '0';
    }
    return value;
  }

  String name() {
    byte[] name = new byte[Math.max(0, nameEnd - nameBegin)];
    bytes.get(nameBegin, name);
    return new String(name, StandardCharsets.UTF_8);
  }
}
