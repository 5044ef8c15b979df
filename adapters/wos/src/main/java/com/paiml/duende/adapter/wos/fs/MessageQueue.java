package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.FdFlags;
import com.paiml.duende.adapter.wos.abi.FileType;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.engine.Budget;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Messages between processes: each write puts one in, each read takes the oldest out, whole. Reading waits for a message,
 * writing for room.
 */
public final class MessageQueue extends OpenFile {

  /** Messages that a queue holds. */
  public static final int CAPACITY = 64;

  /** Bytes of the longest message. */
  public static final int LONGEST = 65536;

  private final ArrayDeque<byte[]> messages = new ArrayDeque<>();
  private final Budget budget;
  private final Consumer<MessageQueue> onClose;

  /**
   * @param budget of the heap, from which room for messages is taken
   * @param onClose told when no descriptor refers to it any more
   */
  public MessageQueue(Budget budget, Consumer<MessageQueue> onClose) {
    super(FileType.UNKNOWN, 0);
    this.budget = budget;
    this.onClose = onClose;
  }

  @Override
  public long rights() {
    return super.rights() | Rights.FD_READ | Rights.FD_WRITE;
  }

  /** {@return the queue with one reference more; empty when its last one has gone} */
  public Optional<MessageQueue> again() {
    return retainIfOpen() ? Optional.of(this) : Optional.empty();
  }

  /** An array, and its place in the queue. */
  private static long cost(int length) {
    return length + 24L;
  }

  /** A message longer than the buffer stays, and the call fails with {@code EMSGSIZE}. */
  @Override
  public int read(Waiter waiter, byte[] into, int from, int length) throws Fault {
    while (true) {
      synchronized (this) {
        byte[] first = messages.peek();
        if (first != null) {
          if (first.length > length) {
            throw new Fault(Errno.MSGSIZE);
          }
          messages.remove();
          budget.giveBack(cost(first.length));
          System.arraycopy(first, 0, into, from, first.length);
          changes().wakeAll();
          return first.length;
        }
      }
      if (has(FdFlags.NONBLOCK)) {
        throw new Fault(Errno.AGAIN);
      }
      waiter.await(changes(), this::readable);
    }
  }

  @Override
  public int write(Waiter waiter, byte[] data, int from, int length) throws Fault {
    if (length > LONGEST) {
      throw new Fault(Errno.MSGSIZE);
    }
    byte[] message = new byte[length];
    System.arraycopy(data, from, message, 0, length);
    while (true) {
      synchronized (this) {
        if (messages.size() < CAPACITY) {
          if (!budget.take(cost(length))) {
            throw new Fault(Errno.NOMEM);
          }
          messages.add(message);
          changes().wakeAll();
          return length;
        }
      }
      if (has(FdFlags.NONBLOCK)) {
        throw new Fault(Errno.AGAIN);
      }
      waiter.await(changes(), this::writable);
    }
  }

  @Override
  public synchronized boolean readable() {
    return !messages.isEmpty();
  }

  @Override
  public synchronized boolean writable() {
    return messages.size() < CAPACITY;
  }

  @Override
  public synchronized long available() {
    byte[] first = messages.peek();
    return first == null ? 0 : first.length;
  }

  @Override
  protected void close() {
    synchronized (this) {
      messages.forEach(message -> budget.giveBack(cost(message.length)));
      messages.clear();
    }
    onClose.accept(this);
  }
}
