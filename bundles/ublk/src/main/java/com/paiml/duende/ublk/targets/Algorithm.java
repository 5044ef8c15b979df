package com.paiml.duende.ublk.targets;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/** How pages are compressed. */
public enum Algorithm {
  /** LZ4, native where there is a library for this machine. */
  LZ4 {
    @Override
    public Compressor compressor() {
      return lz4(nativeOrJava());
    }
  },
  /** LZ4 in Java alone: what the native one is measured against. */
  LZ4_JAVA {
    @Override
    public Compressor compressor() {
      return lz4(LZ4Factory.safeInstance());
    }
  },
  /** Zstandard, level 1. */
  ZSTD {
    @Override
    public Compressor compressor() {
      return new Zstandard();
    }
  };

  /** A new one. */
  public abstract Compressor compressor();

  /** As it is written: {@code lz4}, {@code lz4-java}, {@code zstd}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The one that is written so. */
  public static Optional<Algorithm> parse(String word) {
    return Arrays.stream(values()).filter(each -> each.word().equals(word)).findFirst();
  }

  private static LZ4Factory nativeOrJava() {
    if (!Processor.runsNativeLz4()) {
      return LZ4Factory.fastestJavaInstance();
    }
    try {
      // Not fastestInstance: that does without the native library in every class loader but the
      // system's.
      return LZ4Factory.nativeInstance();
    } catch (LinkageError notForThisMachine) {
      return LZ4Factory.fastestJavaInstance();
    }
  }

  private static Compressor lz4(LZ4Factory factory) {
    LZ4Compressor fast = factory.fastCompressor();
    // The native "fast" decompressor is the slow one, and trusts what it is given.
    LZ4SafeDecompressor safe = factory.safeDecompressor();
    return new Compressor() {
      @Override
      public int compress(ByteBuffer page, ByteBuffer packed) {
        try {
          return fast.compress(page, 0, Pages.SIZE, packed, 0, packed.capacity());
        } catch (LZ4Exception tooLong) {
          return 0;
        }
      }

      @Override
      public boolean decompress(ByteBuffer packed, int length, ByteBuffer page) {
        try {
          return safe.decompress(packed, 0, length, page, 0, Pages.SIZE) == Pages.SIZE;
        } catch (LZ4Exception damaged) {
          return false;
        }
      }

      @Override
      public void close() {}
    };
  }

  private static final class Zstandard implements Compressor {
    private final ZstdCompressCtx packer = new ZstdCompressCtx();
    private final ZstdDecompressCtx unpacker = new ZstdDecompressCtx();

    Zstandard() {
      ZstdCompressCtx _ = packer.setLevel(1);
      ZstdCompressCtx _ = packer.setContentSize(false);
    }

    @Override
    public int compress(ByteBuffer page, ByteBuffer packed) {
      try {
        return packer.compressDirectByteBuffer(packed, 0, packed.capacity(), page, 0, Pages.SIZE);
      } catch (ZstdException tooLong) {
        return 0;
      }
    }

    @Override
    public boolean decompress(ByteBuffer packed, int length, ByteBuffer page) {
      try {
        return unpacker.decompressDirectByteBuffer(page, 0, Pages.SIZE, packed, 0, length)
            == Pages.SIZE;
      } catch (ZstdException damaged) {
        return false;
      }
    }

    @Override
    public void close() {
      packer.close();
      unpacker.close();
    }
  }
}
