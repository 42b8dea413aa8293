import java.io.File;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Hadoop's own client: `list DIR`, `read DIR THREADS`, `copy DIR THREADS FILE` (reads all, writes one file), and `put DIR
 * THREADS LOCAL` (writes the files of a local directory).
 */
public class HdfsReader {
  public static void main(String[] arguments) throws Exception {
    Path directory = new Path(arguments[1]);
    FileSystem files = directory.getFileSystem(new Configuration());
    if (arguments[0].equals("put")) {
      put(files, directory, Integer.parseInt(arguments[2]), new File(arguments[3]));
      return;
    }
    FileStatus[] listed = files.listStatus(directory);
    if (arguments[0].equals("list")) {
      System.out.println(listed.length);
      return;
    }
    ExecutorService threads = Executors.newFixedThreadPool(Integer.parseInt(arguments[2]));
    OutputStream out = arguments[0].equals("copy") ? files.create(new Path(arguments[3]), true) : null;
    List<Future<Long>> reads = new ArrayList<>();
    for (FileStatus file : listed) {
      if (file.isFile() && !file.getPath().getName().startsWith(".")) reads.add(threads.submit(() -> read(files, file, out)));
    }
    long bytes = 0;
    for (Future<Long> read : reads) bytes += read.get();
    if (out != null) out.close();
    threads.shutdown();
    System.out.println(reads.size() + " files, " + bytes + " bytes");
  }

  private static void put(FileSystem files, Path directory, int count, File local) throws Exception {
    files.mkdirs(directory);
    ExecutorService threads = Executors.newFixedThreadPool(count);
    List<Future<?>> writes = new ArrayList<>();
    for (File file : local.listFiles()) {
      writes.add(threads.submit(() -> {
        files.copyFromLocalFile(false, true, new Path(file.toURI()), new Path(directory, file.getName()));
        return null;
      }));
    }
    for (Future<?> write : writes) write.get();
    threads.shutdown();
  }

  private static long read(FileSystem files, FileStatus file, OutputStream out) throws Exception {
    byte[] content = new byte[(int) file.getLen()];
    try (InputStream in = files.open(file.getPath())) {
      int at = 0;
      for (int count; at < content.length && (count = in.read(content, at, content.length - at)) > 0; ) at += count;
      if (at < content.length) throw new IllegalStateException(file.getPath() + " is shorter than it was");
    }
    if (out != null) {
      synchronized (out) {
        out.write(content);
      }
    }
    return content.length;
  }
}
