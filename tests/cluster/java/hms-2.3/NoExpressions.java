import java.util.List;
import org.apache.hadoop.hive.metastore.FileFormatProxy;
import org.apache.hadoop.hive.metastore.PartitionExpressionProxy;
import org.apache.hadoop.hive.metastore.api.FileMetadataExprType;
import org.apache.hadoop.hive.ql.io.sarg.SearchArgument;
import org.apache.hadoop.hive.serde2.typeinfo.PrimitiveTypeInfo;

/** Stands in for hive-exec's PartitionExpressionForMetastore: calls by Hive expression are not served, string filters are. */
public class NoExpressions implements PartitionExpressionProxy {
  public String convertExprToFilter(byte[] expression) {
    throw new UnsupportedOperationException();
  }

  public boolean filterPartitionsByExpr(
      List<String> columns, List<PrimitiveTypeInfo> types, byte[] expression, String partition, List<String> names) {
    throw new UnsupportedOperationException();
  }

  public FileMetadataExprType getMetadataType(String format) {
    return null;
  }

  public FileFormatProxy getFileFormatProxy(FileMetadataExprType type) {
    return null;
  }

  public SearchArgument createSarg(byte[] expression) {
    return null;
  }
}
